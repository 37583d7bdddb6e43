"""Reading .npz files: both sets of keys, and a clear refusal of everything else."""

import zipfile

import numpy as np
import pytest

from scratchnoise.data import load, load_npz
from scratchnoise.data.human_labels import load_cifar10_human

X_TRAIN = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
X_TEST = X_TRAIN[:3] + 100
Y_TRAIN, Y_TEST = np.array([0, 1, 2, 0, 1, 2], np.uint8), np.array([2, 1, 0], np.uint8)


def save(path, **changes):
    arrays = {"x_train": X_TRAIN, "y_train": Y_TRAIN, "x_test": X_TEST, "y_test": Y_TEST} | changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_reads_the_four_arrays_and_the_names(tmp_path):
    data = load(str(save(tmp_path / "toy.npz", class_names=np.array(["a", "b", "c"]))))
    assert (data.name, data.class_names, data.noisy) == ("toy", ("a", "b", "c"), False)
    for found, expected in zip(
        (data.x_train, data.y_train, data.x_test, data.y_test), (X_TRAIN, Y_TRAIN, X_TEST, Y_TEST), strict=True
    ):
        np.testing.assert_array_equal(found, expected)
    assert data.x_train.dtype == np.uint8


@pytest.mark.parametrize("shape", [(6, 2, 2), (6, 4)])
def test_reads_the_assignment_file_as_noisy(tmp_path, shape):
    path = tmp_path / "assignment.npz"
    np.savez(path, Xtr=X_TRAIN.reshape(shape), Str=Y_TRAIN, Xts=X_TEST.reshape((3, *shape[1:])), Yts=Y_TEST)
    data = load_npz(path)
    assert data.noisy and data.class_names == ("0", "1", "2")
    np.testing.assert_array_equal(data.x_train, X_TRAIN.reshape(shape))
    np.testing.assert_array_equal(data.y_train, Y_TRAIN)
    np.testing.assert_array_equal(data.y_test, Y_TEST)


@pytest.mark.parametrize(
    "values, names",
    [([-1, 3, 7], ("-1", "3", "7")), ([0.0, 1.0, 5.0], ("0", "1", "5")), (["x", "y", "z"], ("x", "y", "z"))],
)
def test_without_names_labels_are_numbered_in_order(tmp_path, values, names):
    values = np.array(values)
    data = load_npz(save(tmp_path / "toy.npz", y_train=values[Y_TRAIN], y_test=values[Y_TEST]))
    assert data.class_names == names
    np.testing.assert_array_equal(data.y_train, Y_TRAIN)
    np.testing.assert_array_equal(data.y_test, Y_TEST)


class Bomb:
    """Unpickling this would run code."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def test_refuses_python_objects_without_unpickling(tmp_path):
    path = save(tmp_path / "toy.npz", y_train=np.array([Bomb()] * 6, dtype=object))
    with pytest.raises(ValueError, match="y_train is not a plain array .* Python objects"):
        load_npz(path)
    path.write_bytes(np.array([Bomb()], dtype=object).dumps())
    with pytest.raises(ValueError, match="not an .npz file"):
        load_npz(path)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"y_test": None}, "needs the keys x_train, y_train, x_test, y_test or Xtr.*it has x_train, y_train, x_test$"),
        ({"y_train": Y_TRAIN + 0.5}, "labels must be whole numbers"),
        ({"y_test": Y_TEST + 9}, "y_train must hold every class, but has none of 9, 10, 11"),
        ({"class_names": np.array("abc")}, "class_names must hold at least two"),
        ({"x_train": X_TRAIN[:5]}, "y_train must hold one label per sample: 6 labels, 5 samples"),
    ],
)
def test_refuses_what_makes_no_data_set(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        load_npz(save(tmp_path / "toy.npz", **changes))


def test_refuses_damaged_files(tmp_path):
    whole = save(tmp_path / "toy.npz").read_bytes()
    position = whole.index(X_TRAIN.tobytes())  # a byte of data: the directory stays intact, the checksum does not
    flipped = whole[:position] + b"\xff" + whole[position + 1 :]
    for content in (whole[:-50], whole[: len(whole) // 2], b"", b"not a zip", flipped):
        path = tmp_path / "damaged.npz"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged.npz.* damaged"):
            load_npz(path)


def test_says_when_there_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*gone.npz"):
        load_npz(tmp_path / "gone.npz")


@pytest.mark.parametrize("read", [load_npz, load_cifar10_human])
def test_every_damaged_byte_is_a_value_error_that_names_the_file(read, tmp_path):
    """zipfile, zlib, NumPy's header and its tokenizer all fail in ways of their own."""
    arrays = {"x_train": X_TRAIN, "y_train": Y_TRAIN, "x_test": X_TEST, "y_test": Y_TEST}
    np.savez(tmp_path / "good.npz", clean_label=Y_TRAIN, aggre_label=Y_TRAIN, **arrays)
    good = (tmp_path / "good.npz").read_bytes()
    path, raised = tmp_path / "bad.npz", 0
    for place in range(0, len(good), 3):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x5A]) + good[place + 1 :])
        try:
            read(path)
        except ValueError as error:
            raised += 1
            assert "bad.npz" in str(error) and "allow_pickle=True" not in str(error), error
    assert raised > len(good) / 12


@pytest.mark.parametrize("read", [load_npz, load_cifar10_human])
def test_a_member_that_is_no_array_is_refused(read, tmp_path):
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as file:
        for key in ("x_train", "y_train", "x_test", "y_test", "clean_label", "aggre_label"):
            file.writestr(f"{key}.npy", "no array")
    with pytest.raises(ValueError, match=r"text\.npz: .*(x_train|clean_label) is not an array"):
        read(tmp_path / "text.npz")
    with pytest.raises(ValueError, match="path=None should be the name of a file"):
        read(None)
