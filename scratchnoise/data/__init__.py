"""Data sets by name: what there is, where it was found, how to load it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..messages import nearest
from . import cifar10, fashion_mnist, garments, store
from .arrays import Dataset
from .cifar10 import load_cifar10
from .fashion_mnist import load_fashion_mnist
from .garments import make_garments
from .human_labels import load_cifar10_human
from .npz import load_npz

__all__ = [
    "Dataset",
    "fetch",
    "load",
    "load_cifar10",
    "load_cifar10_human",
    "load_fashion_mnist",
    "load_npz",
    "make_garments",
    "status",
]


@dataclass(frozen=True)
class _Entry:
    """A data set as `load(name)` gives it: its loader, its size, and the sets of files, any of which will do."""

    loader: Callable[..., Dataset]
    classes: tuple[str, ...]
    n_train: int
    n_test: int
    source: str
    licence: str
    files: tuple[tuple[store.DataFile, ...], ...] = ()


_ENTRIES = {
    "garments": _Entry(make_garments, garments.CLASS_NAMES, 3000, 1000, "drawn by this package", "MIT"),
    "fashion-mnist": _Entry(
        load_fashion_mnist,
        fashion_mnist.REPORT_CLASSES,
        18000,
        3000,
        "Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747",
        "MIT",
        (fashion_mnist.FILES,),
    ),
    "cifar10": _Entry(
        load_cifar10,
        cifar10.REPORT_CLASSES,
        15000,
        3000,
        "Krizhevsky 2009, University of Toronto",
        "none stated",
        ((cifar10.EXTRACT,), (cifar10.ARCHIVE,)),
    ),
}


def load(name: str, **options: Any) -> Dataset:
    """Load a `Dataset` by name, or from the path of an .npz file.

    name: "garments" (options n_train, n_test, random_state), "fashion-mnist" or "cifar10" (option classes: names
    or labels, "all"; by default the report's three), or a path that ends in .npz.
    Raises ValueError for an unknown name (naming the nearest one) and whatever the loader raises.
    """
    if Path(name).suffix.lower() == ".npz":
        return load_npz(name, **options)
    return _entry(name).loader(**options)


def status() -> list[dict[str, Any]]:
    """One dict per data set: name, found, files, bytes, classes, n_train, n_test, source, licence.

    found: the folder of its files, "built in" or "not found"; bytes: their size, on disk or to download. The
    files are not read: `fetch` and `load` check them. classes, n_train, n_test: what `load(name)` gives.
    Raises FileNotFoundError if $SCRATCHNOISE_DATA names no folder.
    """
    rows = []
    for name, entry in _ENTRIES.items():
        files = _files(entry)
        paths = [store.find(file) for file in files]
        found = "built in" if not files else "not found" if None in paths else str(paths[0].parent)
        row: dict[str, Any] = {"name": name, "found": found, "files": tuple(file.name for file in files)}
        row |= {"bytes": sum(file.size for file in files), "classes": entry.classes}
        row |= {"n_train": entry.n_train, "n_test": entry.n_test}
        rows.append(row | {"source": entry.source, "licence": entry.licence})
    return rows


def fetch(name: str) -> Path | None:
    """Get the files that `load(name)` needs and check them; the folder they lie in, None if it needs none.

    Raises ValueError for an unknown name or a damaged file, ConnectionError if a download fails.
    """
    paths = [store.obtain(file) for file in _files(_entry(name))]
    return paths[0].parent if paths else None


def _entry(name):
    if name not in _ENTRIES:
        raise ValueError(
            f"name: there is no data set {str(name)!r}; {nearest(str(name).lower(), _ENTRIES)}, "
            "or the path of a file that ends in .npz"
        )
    return _ENTRIES[name]


def _files(entry):
    """The first of its sets of files that is complete on this computer, or else the one to download."""
    complete = (files for files in entry.files if all(store.find(file) for file in files))
    return next(complete, entry.files[-1] if entry.files else ())
