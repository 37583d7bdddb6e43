"""Names for contents: hashes of arrays, texts, numbers, and of the objects that hold them."""

import dataclasses
import hashlib

import numpy as np


def content_of(*parts):
    """16 hexadecimal digits that change with any of the parts: arrays, texts, numbers, None."""
    digest = hashlib.sha256()
    for part in parts:
        array = np.ascontiguousarray(part) if isinstance(part, np.ndarray) else None
        digest.update(repr(part if array is None else (array.dtype.str, array.shape)).encode() + b"\n")
        if array is not None:
            digest.update(array.data)
    return digest.hexdigest()[:16]


def parts_of(value):
    """What an object is made of, as parts for `content_of`: list. Its repr alone may round its numbers.

    Dicts, lists, arrays (also what turns into one, such as a TransitionMatrix), dataclasses and plain objects are
    taken apart. Anything else is its repr.
    """
    if isinstance(value, type) or value is None or isinstance(value, str | bool | int | float):
        return [repr(value)]
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        return [array] if array.dtype.kind in "biufc" else [array.dtype.str, repr(array.tolist())]
    if isinstance(value, dict):
        return ["dict", *(part for name in sorted(value, key=repr) for part in (repr(name), *parts_of(value[name])))]
    if isinstance(value, list | tuple):
        return [f"{type(value).__name__} of {len(value)}", *(part for item in value for part in parts_of(item))]
    if dataclasses.is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif type(value).__repr__ is object.__repr__ and hasattr(value, "__dict__"):  # its repr is an address
        held = vars(value)
    else:
        return [repr(value)]
    return [type(value).__qualname__, *parts_of(held)]
