"""What can be stepped through: every kernel, every loss, the models' fits, and a function of your own."""

import inspect
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from .. import kernels, losses
from ..backend import backend
from ..kernels import loops_table, numpy_table
from ..kernels.loops import images, layers, softmax_regression
from ..kernels.loops import losses as loss_loops
from ..messages import nearest
from .examples import BY_NAME, LABELS, T, X, Y, Z, kernel_arguments
from .recorder import record
from .watched import functions_of

LOOPS = (loss_loops, layers, images, softmax_regression)


@dataclass(frozen=True)
class Run:
    """One way to compute the subject. label: e.g. "loops".  start: where a debugger is to stop."""

    label: str
    functions: tuple
    roots: tuple
    call: object
    start: object

    def record(self):
        return record(self.functions, self.call, self.roots)


@dataclass(frozen=True)
class Subject:
    """A thing to step through. about: its docstring, or what is run.  arguments: {name: value}, None where fixed."""

    name: str
    kind: str
    about: str
    arguments: dict
    runs: tuple


def names():
    """{kind: names} of all that can be stepped through without a file."""
    return {"kernels": kernel_names(), "losses": tuple(loss_classes()), "models": tuple(MODELS)}


def kernel_names():
    """The kernels of the facade, in the order of its source."""
    own = [f for f in functions_of(kernels) if not f.__name__.startswith("_")]
    return tuple(function.__name__ for function in own)


def loss_classes():
    """{name: class} of the losses that losses.py defines."""
    classes = [value for value in vars(losses).values() if isinstance(value, type)]
    return {c.__name__: c for c in classes if issubclass(c, losses.Loss) and c is not losses.Loss}


def find(name, values=None):
    """The Subject of a name, or of FILE.py:function. values: {parameter: array or number} instead of the example's.

    Raises ValueError for what is unknown, with the nearest name, and for values that do not fit.
    """
    known = names()
    if ".py" in name:
        return own_function(name, values)
    if name in known["kernels"]:
        return kernel(name, values)
    if name in known["losses"]:
        return loss(name, values)
    if name in known["models"]:
        if values:
            raise ValueError(f"{name} is fitted to its own samples; --values is for kernels, losses and your functions")
        return MODELS[name]()
    close = get_close_matches(name, [each for group in known.values() for each in group], n=1, cutoff=0.4)
    advice = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"{name!r} cannot be stepped through; {advice}`scratchnoise step` lists what can")


# --- kernels ---------------------------------------------------------------------------------------------


def kernel(name, values=None):
    """A kernel as plain loops and as vectorised NumPy."""
    facade = getattr(kernels, name)
    example = kernel_arguments().get(name)
    if example is None:
        raise ValueError(f"{name} has no example yet; add its arguments to scratchnoise/stepping/examples.py")
    arguments = _with_values(name, example, values)
    runs = [
        _kernel_run(label, table, modules, name, facade, arguments)
        for label, table, modules in (("loops", loops_table, LOOPS), ("numpy", numpy_table, (numpy_table,)))
    ]
    return Subject(name, "kernel", inspect.getdoc(facade), arguments, tuple(runs))


def _kernel_run(table_name, table, modules, name, facade, arguments):
    function = getattr(table, name)

    def call():
        with backend(table_name):
            return facade(**arguments)

    label = {"loops": "loops", "numpy": "NumPy"}[table_name]
    return Run(label, tuple(functions_of(*modules)), (function,), call, function)


def _with_values(name, example, values):
    unknown = [key for key in values or {} if key not in example]
    if unknown:
        raise ValueError(f"{name} has no argument {unknown[0]!r}; {nearest(unknown[0], example)}")
    return example | (values or {})


# --- losses ----------------------------------------------------------------------------------------------


def loss(name, values=None):
    """A loss: value and gradient of each sample, then what training minimises."""
    cls = loss_classes()[name]
    given = {"T": T, "rho_positive": 0.2, "rho_negative": 0.1}
    two_classes = "rho_positive" in {field.name for field in fields(cls)}
    example = {"z": Z[:, :2] if two_classes else Z, "y": Y, **_settings(cls, given)}
    arguments = _with_values(name, example, values)
    z, y = np.array(arguments["z"], float), arguments["y"]
    made = cls(**{key: value for key, value in arguments.items() if key not in ("z", "y")})

    def call():
        with backend("loops"):
            return made.value(z, y), made.grad(z, y), made.objective(z, y), made.objective_grad(z, y)

    methods = [getattr(cls, method) for method in ("value", "grad", "objective", "objective_grad")]
    functions = (*functions_of(losses), *functions_of(*LOOPS))
    runs = (Run("loops", functions, tuple(methods), call, methods[0]),)
    return Subject(name, "loss", inspect.getdoc(cls), arguments, runs)


def _settings(cls, given):
    """The fields that a loss needs and that have no default."""
    wanted = [field.name for field in fields(cls) if field.default is field.default_factory]
    missing = [name for name in wanted if name not in given]
    if missing:
        raise ValueError(f"{cls.__name__} has no example of {missing[0]!r} yet; add it to stepping/subjects.py")
    return {name: given[name] for name in wanted}


# --- models ----------------------------------------------------------------------------------------------


def _sgd_fit(name, about, **settings):
    from .. import models
    from ..models import sgd

    cls = getattr(models, name.split(" ")[0])
    model = cls(solver="sgd", l2=0.0, tol=0.0, batch_size=2, random_state=0, backend="loops", **settings)

    def call():
        fitted = model.fit(X, LABELS)
        return fitted.coef_, fitted.intercept_, np.array(getattr(fitted, "T_", np.eye(3)))

    descend = sgd.descend
    functions = (descend, cls._next_transition, *functions_of(*LOOPS))
    run = Run("loops", functions, (descend,), call, descend)
    return Subject(name, "model", about, {"X": X, "y": LABELS}, (run,))


def _softmax_regression():
    about = "Two passes of minibatch SGD over four samples, two at a time. Eq. (11)."
    return _sgd_fit("SoftmaxRegression", about, max_iter=2)


def _robust_softmax_regression():
    about = "Two passes of minibatch SGD over four samples, seen through a known T. Eq. (14). Eq. (17)."
    return _sgd_fit("RobustSoftmaxRegression", about, T=T, max_iter=2)


def _learnt_rates():
    about = "Two passes of minibatch SGD; after each, the flip rates are learnt: generalised EM. Eq. (19)."
    return _sgd_fit("RobustSoftmaxRegression T=None", about, T=None, max_iter=2)


def _neural_network():
    from ..models import NeuralNetwork
    from ..network import layers, network, optim, training
    from ..network.layers import Linear, ReLU
    from ..network.network import Network

    about = "Two steps of SGD with momentum on a network of one hidden layer: forward, backward, update."
    layout = Network([Linear(2), ReLU(), Linear(3)])
    model = NeuralNetwork(layout, epochs=1, batch_size=2, learning_rate=0.5, random_state=0, backend="loops")

    def call():
        fitted = model.fit(X, LABELS)
        return [layer.params for layer in fitted.network_.layers]

    step = training.HostStep.__call__
    parts = [network.Network.forward, network.Network.backward, optim.SGD.step, optim.SGD._update]
    parts += [f for cls in (layers.Linear, layers.ReLU) for f in (cls.forward, cls.backward)]
    parts += [layers.Linear.backward_weights, losses.Loss.objective_grad, losses.CrossEntropy.grad]
    functions = (step, *parts, *functions_of(*LOOPS))
    run = Run("loops", functions, (step,), call, step)
    return Subject("NeuralNetwork", "model", about, {"X": X, "y": LABELS}, (run,))


MODELS = {
    "SoftmaxRegression": _softmax_regression,
    "RobustSoftmaxRegression": _robust_softmax_regression,
    "EM": _learnt_rates,
    "NeuralNetwork": _neural_network,
}


# --- a function of one's own -----------------------------------------------------------------------------


def own_function(name, values=None):
    """FILE.py:function; its arguments are those of the kernel of that name, or are chosen by their names."""
    from .own_file import load

    path, _, function_name = name.partition(":")
    module = load(Path(path))
    own = {f.__name__: f for f in functions_of(module) if f.__qualname__ == f.__name__}
    if function_name not in own:
        raise ValueError(f"{path} has no function {function_name!r}; {nearest(function_name, own)}")
    function = own[function_name]
    arguments = _own_arguments(function, values or {})
    run = Run("your code", tuple(functions_of(module)), (function,), lambda: function(**arguments), function)
    return Subject(name, "function", inspect.getdoc(function) or "", arguments, (run,))


def _own_arguments(function, values):
    parameters = inspect.signature(function).parameters
    unknown = [key for key in values if key not in parameters]
    if unknown:
        raise ValueError(f"{function.__name__} has no argument {unknown[0]!r}; {nearest(unknown[0], parameters)}")
    of_kernel = kernel_arguments().get(function.__name__, {})
    known = BY_NAME | of_kernel | {"rng": np.random.default_rng(0)} | values
    missing = [p.name for p in parameters.values() if p.name not in known and p.default is p.empty]
    if missing:
        raise ValueError(
            f"{function.__name__} needs {missing[0]!r}, for which there is no example; give it with --values FILE.npz, "
            f"an archive with arrays named {', '.join(parameters)}"
        )
    chosen = {name: known[name] for name in parameters if name in known}
    return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in chosen.items()}
