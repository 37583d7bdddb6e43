"""Labels of people on CIFAR-10: read from plain arrays in the order of the images, and refused otherwise."""

import pickle

import numpy as np
import pytest

from scratchnoise.data import Dataset, human_labels, load_cifar10_human
from scratchnoise.data.cifar10 import CLASS_NAMES

NAMES = ("airplane", "automobile", "cat")
NUMBERS = [CLASS_NAMES.index(name) for name in NAMES]


@pytest.fixture
def clean():
    return np.random.default_rng(0).integers(10, size=50_000)


@pytest.fixture(autouse=True)
def images(clean, monkeypatch):
    """Three classes of images whose single pixel is their place in the full training set."""
    places = np.flatnonzero(np.isin(clean, NUMBERS))
    x = np.repeat(places.astype(np.int32)[:, None], 2, axis=1)
    y = np.array([NUMBERS.index(label) for label in clean[places]])
    dataset = Dataset("cifar10", x, y, x[:30], y[:30], NAMES)
    monkeypatch.setattr(human_labels, "load_cifar10", lambda classes: dataset.select(classes))
    return x, y


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_each_image_gets_its_own_label_and_labels_of_other_classes_are_left_out(clean, tmp_path):
    human = np.where(np.arange(50_000) % 5 == 0, (clean + 1) % 10, clean)
    data = load_cifar10_human(saved(tmp_path / "n.npz", clean_label=clean, worse_label=human), "worse_label")
    assert data.noisy and data.name == "cifar10-worse_label" and data.class_names == NAMES
    kept = np.isin(clean, NUMBERS) & np.isin(human, NUMBERS)
    np.testing.assert_array_equal(data.x_train[:, 0], np.flatnonzero(kept))
    np.testing.assert_array_equal(np.array(NUMBERS)[data.y_train], human[kept])
    assert (np.array(NUMBERS)[data.y_train] != clean[kept]).any()


def test_the_order_of_the_classes_is_that_asked_for(clean, tmp_path):
    path = saved(tmp_path / "n.npz", clean_label=clean, aggre_label=clean)
    data = load_cifar10_human(path, classes=["cat", "airplane"])
    np.testing.assert_array_equal(np.array([3, 0])[data.y_train], clean[data.x_train[:, 0]])


def test_another_order_of_the_images_is_noticed(clean, tmp_path):
    path = saved(tmp_path / "n.npz", clean_label=clean[::-1], aggre_label=clean[::-1])
    with pytest.raises(ValueError, match="clean_label is not the label of the images"):
        load_cifar10_human(path)


class Trap:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return print, ("UNPICKLED",)


def test_pickles_are_refused_unread(clean, tmp_path, capfd):
    trap = np.array({"clean_label": Trap()}, dtype=object)
    np.save(tmp_path / "CIFAR-10_human_ordered.npy", trap, allow_pickle=True)
    (tmp_path / "CIFAR-10_human.pt").write_bytes(pickle.dumps(Trap()))
    np.savez(tmp_path / "objects.npz", clean_label=np.array([Trap()] * 50_000, dtype=object), aggre_label=clean)
    for name, message in (
        ("CIFAR-10_human_ordered.npy", "is no .npz file; the published files are pickles"),
        ("CIFAR-10_human.pt", "is no .npz file; the published files are pickles"),
        ("objects.npz", "clean_label is not a plain array .* Python objects are not read"),
    ):
        with pytest.raises(ValueError, match=message):
            load_cifar10_human(tmp_path / name)
    assert "UNPICKLED" not in capfd.readouterr().out


def test_a_damaged_array_is_a_value_error(clean, tmp_path):
    path = saved(tmp_path / "n.npz", clean_label=clean, aggre_label=clean)
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="clean_label is damaged"):
        load_cifar10_human(path)


def test_what_is_wrong_is_named(clean, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_cifar10_human(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="kind='worst' is unknown"):
        load_cifar10_human(tmp_path / "none.npz", "worst")
    for changes, message in (
        ({"aggre_label": clean[:9]}, r"aggre_label has shape \(9,\), int64; it should be whole numbers \(50000,\)"),
        ({"aggre_label": clean.astype(float)}, "aggre_label has shape .* float64; it should be whole numbers"),
        ({"aggre_label": clean + 1}, r"aggre_label has labels 1\.\.10; they should be 0\.\.9"),
        ({"other": clean}, "lacks the array aggre_label, see .*; it has clean_label, other"),
    ):
        with pytest.raises(ValueError, match=message):
            load_cifar10_human(saved(tmp_path / "n.npz", **{"clean_label": clean, **changes}))
