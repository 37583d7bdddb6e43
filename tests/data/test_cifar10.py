"""CIFAR-10: the binary distribution on an archive made here, and the loader on the real three classes."""

import hashlib
import io
import tarfile

import numpy as np
import pytest

from scratchnoise.data import cifar10, load, load_cifar10, store

PER_BATCH = 20


def batches():
    """Five training batches and a test batch; image n of a batch b of label y states (y, b, n) in its pixels."""
    members = {}
    for b, name in enumerate([*(f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)), "test_batch.bin"]):
        records = np.zeros((PER_BATCH, cifar10.RECORD), np.uint8)
        records[:, 0] = np.arange(PER_BATCH) % 10
        planes = records[:, 1:].reshape(PER_BATCH, 3, 32, 32)  # a view: colour, row, column
        planes[:, 0, 2, 5], planes[:, 1, 2, 5], planes[:, 2, 2, 5] = records[:, 0], b, np.arange(PER_BATCH)
        members[name] = records.tobytes()
    return members


def archive(path, members):
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, content in {"batches.meta.txt": b"airplane\n", **members}.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def small_copy(tmp_path, monkeypatch):
    """A folder with a small archive under the original name, and no extract."""
    path = archive(tmp_path / cifar10.ARCHIVE.name, batches())
    checksum = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"
    file = store.DataFile("cifar10", path.name, path.stat().st_size, checksum, cifar10.ARCHIVE.url)
    monkeypatch.setattr(cifar10, "ARCHIVE", file)
    monkeypatch.setattr(store, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    return tmp_path


def test_records_are_read_plane_by_plane_and_batches_in_order(small_copy):
    before = sorted(small_copy.rglob("*"))
    data = load_cifar10(classes="all")
    assert data.x_train.shape == (5 * PER_BATCH, 32, 32, 3) and data.x_test.shape == (PER_BATCH, 32, 32, 3)
    assert data.class_names == cifar10.CLASS_NAMES and data.x_train.dtype == np.uint8
    assert data.x_train.flags.c_contiguous
    label, batch, position = data.x_train[:, 2, 5].T
    np.testing.assert_array_equal(label, data.y_train)
    np.testing.assert_array_equal(batch, np.repeat(np.arange(5), PER_BATCH))
    np.testing.assert_array_equal(position, np.tile(np.arange(PER_BATCH), 5))
    assert (data.x_test[:, 2, 5, 1] == 5).all()
    assert data.x_train.astype(int).sum() == data.x_train[:, 2, 5].astype(int).sum()  # every other pixel is zero
    assert sorted(small_copy.rglob("*")) == before  # nothing was extracted


@pytest.mark.parametrize("classes", [["frog", "airplane"], [6, 0]])
def test_classes_by_name_and_by_label(small_copy, classes):
    data = load_cifar10(classes=classes)
    assert data.class_names == ("frog", "airplane")
    np.testing.assert_array_equal(data.x_train[:, 2, 5, 0], np.array([6, 0])[data.y_train])


def test_by_default_the_classes_of_the_report(small_copy):
    assert load("cifar10").class_names == ("airplane", "automobile", "cat")


def without(name):
    return {key: value for key, value in batches().items() if key != name}


@pytest.mark.parametrize(
    "members, message",
    [
        (without("data_batch_3.bin"), "lacks data_batch_3.bin; it must be the binary distribution"),
        (without("test_batch.bin"), "lacks test_batch.bin"),
        (batches() | {"data_batch_2.bin": b"\x01" * 100}, "data_batch_2.bin has 100 bytes, .* multiple of 3073"),
        (batches() | {"test_batch.bin": b""}, "test_batch.bin has 0 bytes"),
    ],
)
def test_refuses_an_incomplete_archive(tmp_path, members, message):
    with pytest.raises(ValueError, match=message):
        cifar10.read_archive(archive(tmp_path / "a.tar.gz", members))


def test_refuses_a_damaged_archive(tmp_path):
    whole = archive(tmp_path / "a.tar.gz", batches()).read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes(byte ^ 255 for byte in whole[middle : middle + 50]) + whole[middle + 50 :]
    for content in (whole[:middle], whole[:20], b"", b"no archive", flipped):
        (tmp_path / "a.tar.gz").write_bytes(content)
        with pytest.raises(ValueError, match="a.tar.gz "):
            cifar10.read_archive(tmp_path / "a.tar.gz")


def test_a_misspelt_class_is_reported_before_any_file_is_needed(monkeypatch):
    monkeypatch.setattr(store, "obtain", lambda file: pytest.fail("a file was asked for"))
    with pytest.raises(ValueError, match="did you mean 'airplane'"):
        load_cifar10(classes=["aeroplane", "cat"])


@pytest.fixture
def small_extract(small_copy, monkeypatch):
    """The report's three classes in a file of their own beside the archive; its pixels are all 9."""
    path, y = small_copy / cifar10.EXTRACT.name, np.arange(6) % 3
    x = np.full((6, 32, 32, 3), 9, np.uint8)
    np.savez(path, x_train=x, y_train=y, x_test=x, y_test=y, class_names=np.array(cifar10.REPORT_CLASSES))
    checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    monkeypatch.setattr(cifar10, "EXTRACT", store.DataFile("cifar10", path.name, path.stat().st_size, checksum))


@pytest.mark.parametrize("classes", [cifar10.REPORT_CLASSES, ["cat", "airplane"], [3, 0]])
def test_the_extract_serves_the_classes_it_has(small_extract, classes):
    data = load_cifar10(classes)
    assert (data.x_train == 9).all() and data.name == "cifar10"
    assert data.class_names == (cifar10.REPORT_CLASSES if len(classes) == 3 else ("cat", "airplane"))


@pytest.mark.parametrize("classes", [["cat", "dog"], [0, 1, 2], "all"])
def test_other_classes_come_from_the_binary_distribution(small_extract, classes):
    assert not (load_cifar10(classes).x_train == 9).all(axis=(1, 2, 3)).any()


def test_a_damaged_extract_is_an_error(small_extract, small_copy):
    with open(small_copy / cifar10.EXTRACT.name, "ab") as file:
        file.write(b"?")
    with pytest.raises(ValueError, match="cifar10_3.npz is damaged"):
        load_cifar10()


@pytest.mark.realdata
def test_the_real_extract(real_data, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, str(real_data))
    data = load("cifar10")
    assert data.name == "cifar10" and data.class_names == ("airplane", "automobile", "cat")
    assert data.x_train.shape == (15000, 32, 32, 3) and data.x_test.shape == (3000, 32, 32, 3)
    np.testing.assert_array_equal(np.bincount(data.y_train), [5000] * 3)
    np.testing.assert_array_equal(np.bincount(data.y_test), [1000] * 3)
    with np.load(real_data / "cifar10_3.npz") as extract:
        np.testing.assert_array_equal(data.x_train, extract["x_train"])
    two = load("cifar10", classes=[3, 0])  # labels are those of the ten classes: cat is 3, here as everywhere
    assert two.class_names == ("cat", "airplane")
    np.testing.assert_array_equal(two.x_test[two.y_test == 0], data.x_test[data.y_test == 2])
