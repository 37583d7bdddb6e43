"""Every public function and method says which kinds of arguments it takes and what it returns."""

import inspect

import pytest

import scratchnoise
from scratchnoise import check, data, estimate, kernels, models, network, noise, transition
from scratchnoise.network import layers

MODULES = (scratchnoise, check, data, estimate, kernels, models, network, noise, transition, layers)
# What scikit-learn asks for by name; its own documentation says what they are.
PROTOCOL = ("set_fit_request", "set_score_request", "set_partial_fit_request", "get_metadata_routing")


def is_ours(value):
    return getattr(value, "__module__", "").startswith("scratchnoise")


def public_functions():
    """{name: function} of all public functions, constructors, methods and properties."""
    found = {}
    for module in MODULES:
        listed = getattr(module, "__all__", None)
        for name in listed or [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]:
            value = getattr(module, name)
            if inspect.isfunction(value) and is_ours(value) and not name.startswith("_"):
                found[f"{value.__module__}.{name}"] = inspect.unwrap(value)
            elif inspect.isclass(value) and is_ours(value):
                found |= methods(value)
    return found


def methods(cls):
    """{name: function} of a class and of the classes of the package that it comes from."""
    found = {}
    for base in cls.__mro__:
        for name, value in vars(base).items() if is_ours(base) else ():
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            public = not name.startswith("_") or name == "__init__"
            if public and name not in PROTOCOL and inspect.isfunction(function) and is_ours(function):
                found[f"{base.__module__}.{base.__name__}.{name}"] = function
    return found


FUNCTIONS = public_functions()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_name_is_annotated(name):
    signature = inspect.signature(FUNCTIONS[name])
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")]
    assert not bare, f"no annotation of {', '.join(bare)}"
    assert signature.return_annotation is not signature.empty, "no annotation of what it returns"


def test_they_are_found():
    assert len(FUNCTIONS) > 200
    assert {"scratchnoise.kernels.softmax", "scratchnoise.models.base.Classifier.fit"} <= set(FUNCTIONS)
