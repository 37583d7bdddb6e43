"""Fashion-MNIST: the idx parser on files made here, and the loader on the real ones."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from scratchnoise.data import fashion_mnist, load, load_fashion_mnist, store


def idx(array, magic=b"\x00\x00\x08"):
    header = magic + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


ARRAY = np.arange(2 * 3 * 300, dtype=np.uint16).astype(np.uint8).reshape(2, 3, 300)


def test_read_idx(tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(idx(ARRAY)))
    found = fashion_mnist.read_idx(path)
    np.testing.assert_array_equal(found, ARRAY)
    assert found.dtype == np.uint8 and found.flags.writeable


PACKED = gzip.compress(idx(ARRAY))
DAMAGED = {
    "truncated": (PACKED[:-20], "not a complete gzip file"),
    "not compressed": (idx(ARRAY), "not a complete gzip file"),
    "empty": (b"", "not an idx file"),
    "flipped byte": (PACKED[:40] + bytes([PACKED[40] ^ 255]) + PACKED[41:], "not a complete gzip file"),
    "floats": (gzip.compress(idx(ARRAY, b"\x00\x00\x0d")), "starts with 00 00 0d 03, not with 00 00 08"),
    "only a header": (gzip.compress(idx(ARRAY)[:9]), "ends within its header of 16 bytes"),
    "too short": (gzip.compress(idx(ARRAY)[:-1]), r"states the shape \(2, 3, 300\) but holds 1799 bytes"),
    "too long": (gzip.compress(idx(ARRAY) + b"?"), r"states the shape \(2, 3, 300\) but holds 1801 bytes"),
}


@pytest.mark.parametrize("content, message", DAMAGED.values(), ids=DAMAGED.keys())
def test_read_idx_refuses_damaged_files(tmp_path, content, message):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"file.gz .*{message}"):
        fashion_mnist.read_idx(path)


@pytest.fixture
def small_copy(tmp_path, monkeypatch):
    """A folder with 20 training and 10 test images in files of the original names, the hashes adapted."""
    y = np.arange(20, dtype=np.uint8) % 10
    x = np.broadcast_to(y[:, None, None], (20, 28, 28)).astype(np.uint8)
    files = []
    for file, array in zip(fashion_mnist.FILES, (x, y, x[:10], y[:10]), strict=True):
        content = gzip.compress(idx(array))
        (tmp_path / file.name).write_bytes(content)
        checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
        files.append(store.DataFile(file.folder, file.name, len(content), checksum, file.url))
    monkeypatch.setattr(fashion_mnist, "FILES", tuple(files))
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    return tmp_path


def test_each_file_ends_up_in_its_place(small_copy):
    data = load_fashion_mnist(classes="all")
    assert data.class_names == fashion_mnist.CLASS_NAMES and len(data.y_train) == 20 and len(data.y_test) == 10
    np.testing.assert_array_equal(data.x_train[:, 3, 4], data.y_train)
    np.testing.assert_array_equal(data.x_test[:, 3, 4], data.y_test)


def test_by_default_the_classes_of_the_report(small_copy):
    data = load("fashion-mnist")
    assert data.class_names == ("T-shirt/top", "Trouser", "Dress")
    np.testing.assert_array_equal(data.x_train[:, 0, 0], np.array([0, 1, 3])[data.y_train])


def test_a_misspelt_class_is_reported_before_any_file_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "obtain", lambda file: pytest.fail("a file was asked for"))
    with pytest.raises(ValueError, match="did you mean 'Trouser'"):
        load_fashion_mnist(classes=["Dress", "trousers"])


@pytest.mark.realdata
def test_the_real_files_give_the_pixels_of_the_extract(real_data, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(real_data))
    data = load("fashion-mnist")
    with np.load(real_data / "fashion_mnist_3.npz") as extract:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            np.testing.assert_array_equal(getattr(data, key), extract[key])
    np.testing.assert_array_equal(np.bincount(data.y_train), [6000] * 3)
    np.testing.assert_array_equal(np.bincount(data.y_test), [1000] * 3)


@pytest.mark.realdata
def test_the_real_files_hold_ten_balanced_classes(real_data, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(real_data))
    data = load("fashion-mnist", classes="all")
    assert data.x_train.shape == (60000, 28, 28) and data.x_test.shape == (10000, 28, 28)
    np.testing.assert_array_equal(np.bincount(data.y_train), [6000] * 10)
    np.testing.assert_array_equal(np.bincount(data.y_test), [1000] * 10)
    for file in fashion_mnist.FILES:
        assert store.find(file).stat().st_size == file.size
