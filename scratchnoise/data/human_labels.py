"""CIFAR-10N: the labels that people gave to the training images of CIFAR-10. The user fetches them.

Wei et al. 2022 publish the labels as CIFAR-10_human.pt and CIFAR-10_human_ordered.npy, for non-commercial use
(CC BY-NC 4.0). Both files are pickles, which can run any code when they are read, so this package reads neither.
Whoever trusts the file turns it into plain arrays once, with PyTorch:

    python -c "import torch, numpy; numpy.savez('cifar10n.npz', **torch.load('CIFAR-10_human.pt', weights_only=False))"
"""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..checks import as_path, check_choice
from .arrays import Dataset
from .cifar10 import CLASS_NAMES, REPORT_CLASSES, load_cifar10
from .npz import member, opened

KINDS = ("aggre_label", "worse_label", "random_label1", "random_label2", "random_label3")
CLEAN, N_TRAIN = "clean_label", 50_000


def load_cifar10_human(path: str | Path, kind: str = "aggre_label", classes: Sequence[str] = REPORT_CLASSES) -> Dataset:
    """CIFAR-10 with the labels of people in place of y_train: a noisy `Dataset`.

    path: an .npz of whole numbers (50000,) in the order of the training images, by the names of the authors:
    "clean_label" and the kind asked for, "aggre_label" (majority of three people), "worse_label" (a wrong one where
    there is one), "random_label1" to "random_label3". classes: as in `load_cifar10`. An image whose human label is none
    of these classes is left out, so fewer classes have less noise than ten. Raises ValueError for a file that is no
    .npz, holds Python objects or other arrays, and where clean_label is not the label of the images; FileNotFoundError.
    """
    dataset, y_noisy = load_clean_and_human(path, kind, classes)
    return replace(dataset, name=f"cifar10-{kind}", y_train=y_noisy, noisy=True)


def load_clean_and_human(
    path: str | Path, kind: str = "aggre_label", classes: Sequence[str] = REPORT_CLASSES
) -> tuple[Dataset, np.ndarray]:
    """The images of `load_cifar10_human` with their clean labels: a `Dataset`, and their human labels (N,) int64.

    path, kind, classes, and what is raised: as in `load_cifar10_human`.
    """
    check_choice(KINDS, kind=kind)
    clean, human = _labels(as_path("path", path).expanduser(), kind)
    dataset = load_cifar10(classes)
    numbers = [CLASS_NAMES.index(name) for name in dataset.class_names]
    of = np.full(len(CLASS_NAMES), -1)
    of[numbers] = np.arange(len(numbers))
    here = of[clean] >= 0
    if not np.array_equal(of[clean[here]], dataset.y_train):
        raise ValueError(f"{path}: {CLEAN} is not the label of the images; the file must be in their order")
    y_noisy = of[human[here]]
    kept = y_noisy >= 0
    return replace(dataset, x_train=dataset.x_train[kept], y_train=dataset.y_train[kept]), y_noisy[kept]


def _labels(path, kind):
    """clean_label and the labels of the kind, (50000,) each."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no .npz file; the published files are pickles, see scratchnoise.data.human_labels")
    with opened(path) as file:
        for key in (CLEAN, kind):
            if key not in file.files:
                there = ", ".join(file.files) or "none"
                raise ValueError(f"{path} lacks the array {key}, see scratchnoise.data.human_labels; it has {there}")
        return [_checked(f"{path}: {key}", member(path, file, key)) for key in (CLEAN, kind)]


def _checked(name, labels):
    if labels.shape != (N_TRAIN,) or labels.dtype.kind not in "ui":
        raise ValueError(f"{name} has shape {labels.shape}, {labels.dtype}; it should be whole numbers ({N_TRAIN},)")
    if labels.min() < 0 or labels.max() >= len(CLASS_NAMES):
        raise ValueError(f"{name} has labels {labels.min()}..{labels.max()}; they should be 0..9")
    return labels.astype(np.int64)
