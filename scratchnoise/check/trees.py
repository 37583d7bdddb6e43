"""Arrays inside of lists, tuples and dicts: parameters that are kept together, and the gradients that match them.

A leaf has a path: its place or its key in each container, the argument's first. layers[0]["w"] has (1, 0, "w") where
`layers` is the second argument. A container without any array, a list of labels for example, is one leaf.
"""

from . import arrays

PREFIXES = ("d", "d_", "grad_", "g_", "")  # dw, d_w, grad_w, g_w, or w itself, name the gradient of w


def holds_arrays(value):
    """Whether a container holds an array at any depth."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, tuple | list):
        return hasattr(value, "shape") and arrays.is_array(value)
    return any(map(holds_arrays, value))


def is_container(value):
    """Whether `value` is opened into its parts."""
    return isinstance(value, dict | tuple | list) and holds_arrays(value)


def parts_of(value):
    """(key or place, part) of a container."""
    return value.items() if isinstance(value, dict) else enumerate(value)


def leaves(value, path, name):
    """[(path, name, leaf)] of an argument, in order."""
    if not is_container(value):
        return [(path, name, value)]
    return [leaf for key, part in parts_of(value) for leaf in leaves(part, (*path, key), f"{name}[{key!r}]")]


def refilled(value, new):
    """The same containers around other leaves, taken from the iterator `new`."""
    if not is_container(value):
        return next(new)
    filled = {key: refilled(part, new) for key, part in parts_of(value)}
    if isinstance(value, dict):
        return filled
    return type(value)(*filled.values()) if hasattr(value, "_fields") else type(value)(filled.values())


def below(found, path):
    """The part of `found` at a path."""
    for key in path:
        if hasattr(found, "_fields"):
            found = found._asdict()
        if isinstance(found, dict):
            found = named(found, key)
        elif isinstance(found, tuple | list) and isinstance(key, int) and key < len(found):
            found = found[key]
        else:
            return None
    return found


def named(found, key):
    """The entry of a dict for the gradient of `key`; None where there is none."""
    tried = [f"{prefix}{key}" for prefix in PREFIXES] if isinstance(key, str) else [key]
    return next((found[name] for name in tried if found.get(name) is not None), None)
