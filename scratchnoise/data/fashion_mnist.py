"""Fashion-MNIST: 70,000 grey images of 28x28 pixels in ten classes of clothes, read from the original files."""

import gzip
import math
import struct
import zlib
from collections.abc import Sequence

import numpy as np

from . import store
from .arrays import Dataset, class_labels

CLASS_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
REPORT_CLASSES = ("T-shirt/top", "Trouser", "Dress")
URL = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
FILES = tuple(
    store.DataFile("fashion-mnist", name, size, f"sha256:{sha256}", URL + name)
    for name, size, sha256 in (
        ("train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    )
)


def load_fashion_mnist(classes: Sequence[str] = REPORT_CLASSES) -> Dataset:
    """Fashion-MNIST: images (N, 28, 28) uint8, by default the report's three classes, 18,000/3,000 images.

    classes: what `Dataset.select` takes; "all" is 60,000/10,000 images in ten classes.
    Raises ValueError for an unknown class or a damaged file, ConnectionError if a download fails.
    Source: Xiao, Rasul, Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017; MIT licence.
    """
    labels = class_labels(classes, CLASS_NAMES)  # a misspelt class should not cost a download
    x_train, y_train, x_test, y_test = (read_idx(store.obtain(file)) for file in FILES)
    return Dataset("fashion-mnist", x_train, y_train, x_test, y_test, CLASS_NAMES).select(labels)


def read_idx(path):
    """The array of bytes in a gzip-compressed idx file, uint8, of the shape that its header states.

    Header: two zero bytes, the type (8: unsigned byte), the number of dimensions, then each as a big-endian
    32-bit number. Raises ValueError if the compression, the header or the length is wrong.
    Source: LeCun, Cortes, Burges, The MNIST database, section "File formats".
    """
    try:
        with gzip.open(path) as stream:
            content = stream.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a complete gzip file ({error}); copy it again") from error
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{path} is not an idx file of unsigned bytes: it starts with {content[:4].hex(' ')}, not with 00 00 08"
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} ends within its header of {start} bytes")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{path} states the shape {shape} but holds {len(content) - start} bytes of data")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()  # a view could not be written to
