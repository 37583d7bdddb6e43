"""CIFAR-10: 60,000 colour images of 32x32 pixels in ten classes, read from the binary distribution."""

import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from . import store
from .arrays import Dataset, class_labels
from .npz import load_npz

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
REPORT_CLASSES = ("airplane", "automobile", "cat")
ARCHIVE = store.DataFile(
    "cifar10",
    "cifar-10-binary.tar.gz",
    170052171,
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
)
EXTRACT = store.DataFile(  # the report's three classes alone, for machines that have them; nowhere to download
    "cifar10", "cifar10_3.npz", 49621887, "sha256:a6ca97b5224777ca300f3c5ddfc9febd344e439fe5975636f5066dc2bace590c"
)
TRAIN, TEST = tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"
RECORD = 1 + 3 * 32 * 32  # the label, then the red, the green and the blue plane


def load_cifar10(classes: Sequence[str] = REPORT_CLASSES) -> Dataset:
    """CIFAR-10: images (N, 32, 32, 3) uint8, by default the report's three classes, 15,000/3,000 images.

    classes: what `Dataset.select` takes; "all" is 50,000/10,000 images in ten classes.
    Raises ValueError for an unknown class or a damaged file, ConnectionError if the download fails.
    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, University of Toronto, 2009.
    """
    names = [CLASS_NAMES[label] for label in class_labels(classes, CLASS_NAMES)]
    if set(names) <= set(REPORT_CLASSES) and store.find(EXTRACT):
        dataset = replace(load_npz(store.obtain(EXTRACT)), name="cifar10")
    else:
        x_train, y_train, x_test, y_test = read_archive(store.obtain(ARCHIVE))
        dataset = Dataset("cifar10", x_train, y_train, x_test, y_test, CLASS_NAMES)
    return dataset.select(names)


def read_archive(path):
    """x_train, y_train, x_test, y_test from cifar-10-binary.tar.gz, without writing anything to disk.

    Images (N, 32, 32, 3) uint8, labels (N,) uint8. Raises ValueError if the archive is damaged or incomplete.
    """
    try:
        with tarfile.open(path, "r:gz") as tar:
            batches = {PurePosixPath(m.name).name: tar.extractfile(m).read() for m in tar if m.isfile()}
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a complete .tar.gz file ({error}); copy it again") from error
    missing = [name for name in (*TRAIN, TEST) if name not in batches]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; it must be the binary distribution of CIFAR-10")
    train = [_read_batch(path, name, batches[name]) for name in TRAIN]
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return images, labels, *_read_batch(path, TEST, batches[TEST])


def _read_batch(path, name, content):
    """Images and labels of one batch: per record a label, then the pixels plane by plane."""
    if not content or len(content) % RECORD:
        raise ValueError(f"{path}: {name} has {len(content)} bytes, which is no multiple of {RECORD}")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0]
