"""Images moved and mirrored: what a change may be, how often each comes, and wrong versions that the tests refuse."""

import numpy as np
import pytest

from scratchnoise.models import CoTeaching, NeuralNetwork, load
from scratchnoise.network import Network
from scratchnoise.network.augmentation import KINDS, SHIFT, Augmentation
from scratchnoise.network.layers import Flatten, Linear

H, W = 9, 8
SHIFTS = [(v, h) for v in range(-SHIFT, SHIFT + 1) for h in range(-SHIFT, SHIFT + 1)]
MANY = 4000


def moved(image, v, h):
    """The image as a loop moves it: what lies beyond an edge is the edge."""
    out = np.empty_like(image)
    for i in range(H):
        for j in range(W):
            out[i, j] = image[min(max(i + v, 0), H - 1), min(max(j + h, 0), W - 1)]
    return out


def changes(kind):
    """{(v, h, mirrored): function of an image}."""
    found = {(v, h, False): lambda image, v=v, h=h: moved(image, v, h) for v, h in SHIFTS}
    if kind == "shift_flip":
        found |= {(v, h, True): lambda image, v=v, h=h: moved(image[:, ::-1], v, h) for v, h in SHIFTS}
    return found


def which_changes(make, kind, n=MANY):
    """The change of each of n equal images; None for one that is none of them."""
    image = np.random.default_rng(0).random((H, W, 2))
    known = {change(image).tobytes(): name for name, change in changes(kind).items()}
    assert len(known) == len(changes(kind)), "all changes of this image look different"
    x = np.repeat(image[None], n, axis=0)
    return [known.get(out.tobytes()) for out in make(kind, np.random.default_rng(1))(x)]


def every_image_is_changed_in_an_allowed_way(make):
    for kind in KINDS:
        assert None not in which_changes(make, kind, 500)


def all_changes_are_equally_frequent(make):
    for kind in KINDS:
        found, possible = which_changes(make, kind), list(changes(kind))
        counts = np.array([found.count(name) for name in possible])
        expected = MANY / len(possible)
        chi2 = ((counts - expected) ** 2 / expected).sum()
        freedom = len(possible) - 1
        assert chi2 < freedom + 5 * np.sqrt(2 * freedom), (kind, counts)


def images_are_changed_independently(make):
    for kind in KINDS:
        found = which_changes(make, kind)
        same = np.mean([a == b for a, b in zip(found, found[1:], strict=False)])
        chance = 1 / len(changes(kind))
        assert abs(same - chance) < 5 * np.sqrt(chance / MANY)


def an_image_stays_in_its_place(make):
    """Each image is a change of the image with its own number."""
    rng = np.random.default_rng(2)
    x = rng.random((50, H, W, 1))
    for kind in KINDS:
        for image, out in zip(x, make(kind, rng)(x), strict=True):
            assert any(np.array_equal(change(image), out) for change in changes(kind).values())


def the_input_is_not_modified(make):
    x = np.random.default_rng(3).random((20, H, W, 3)).astype(np.float32)
    before = x.copy()
    out = make("shift_flip", np.random.default_rng(4))(x)
    np.testing.assert_array_equal(x, before)
    assert out.dtype == x.dtype and out.shape == x.shape and not np.shares_memory(out, x)


def a_batch_is_changed_anew_each_time(make):
    change, x = make("shift", np.random.default_rng(5)), np.random.default_rng(6).random((20, H, W, 1))
    assert (change(x) != change(x)).any()


PROPERTIES = (
    every_image_is_changed_in_an_allowed_way,
    all_changes_are_equally_frequent,
    images_are_changed_independently,
    an_image_stays_in_its_place,
    the_input_is_not_modified,
    a_batch_is_changed_anew_each_time,
)


@pytest.mark.parametrize("holds", PROPERTIES)
def test_images_are_moved_and_mirrored(holds):
    holds(Augmentation)


@pytest.mark.parametrize("kind", KINDS)
def test_grey_images_may_lack_their_channel(kind):
    x = np.random.default_rng(7).random((30, H, W, 1))
    with_channel, without = (Augmentation(kind, np.random.default_rng(8))(images) for images in (x, x[..., 0]))
    np.testing.assert_array_equal(without, with_channel[..., 0])


# --- wrong ones --------------------------------------------------------------------------------------------


class OneShiftForAll(Augmentation):
    def _moved(self, N, size):
        by = self.rng.integers(-SHIFT, SHIFT + 1)
        return np.tile(np.clip(np.arange(size) + by, 0, size - 1), (N, 1))


class AroundTheEdge(Augmentation):
    def _moved(self, N, size):
        return (np.arange(size) + self.rng.integers(-SHIFT, SHIFT + 1, N)[:, None]) % size


class OneWay(Augmentation):
    def _moved(self, N, size):
        return np.clip(np.arange(size) + self.rng.integers(-SHIFT, SHIFT, N)[:, None], 0, size - 1)


class UpsideDown(Augmentation):
    def __call__(self, x):
        changed = super().__call__(x)
        turned = self.rng.random(len(x)) < 0.5
        return np.where(turned[:, None, None, None], changed[:, ::-1], changed)


class AlwaysMirrored(Augmentation):
    def __init__(self, kind, rng):
        super().__init__("shift", rng)
        self.always = kind == "shift_flip"

    def __call__(self, x):
        return super().__call__(x[:, :, ::-1] if self.always else x)


class NeverMirrored(Augmentation):
    def __init__(self, kind, rng):
        super().__init__("shift", rng)


class SameEachTime(Augmentation):
    def __call__(self, x):
        self.rng = np.random.default_rng(0)
        return super().__call__(x)


class Shuffled(Augmentation):
    def __call__(self, x):
        return super().__call__(x)[::-1]


class InPlace(Augmentation):
    def __call__(self, x):
        x[...] = super().__call__(x)
        return x


class DiagonalOnly(Augmentation):
    """Rows and columns are moved alike."""

    def _moved(self, N, size):
        self.by = getattr(self, "by", None) if size == W else self.rng.integers(-SHIFT, SHIFT + 1, N)
        return np.clip(np.arange(size) + self.by[:, None], 0, size - 1)


REJECTED_BY = [
    (OneShiftForAll, images_are_changed_independently),
    (AroundTheEdge, every_image_is_changed_in_an_allowed_way),
    (OneWay, all_changes_are_equally_frequent),
    (UpsideDown, every_image_is_changed_in_an_allowed_way),
    (AlwaysMirrored, all_changes_are_equally_frequent),
    (NeverMirrored, all_changes_are_equally_frequent),
    (SameEachTime, a_batch_is_changed_anew_each_time),
    (Shuffled, an_image_stays_in_its_place),
    (InPlace, the_input_is_not_modified),
    (DiagonalOnly, all_changes_are_equally_frequent),
]


@pytest.mark.parametrize(("wrong", "prop"), REJECTED_BY)
def test_wrong_ones_are_refused(wrong, prop):
    with pytest.raises(AssertionError):
        prop(wrong)


def test_every_property_refuses_something():
    assert {prop for _, prop in REJECTED_BY} == set(PROPERTIES)


# --- in a network ------------------------------------------------------------------------------------------


@pytest.fixture
def squares():
    """Small images with a bright column, whose place is the class."""
    rng = np.random.default_rng(9)
    y = np.arange(90) % 3
    x = rng.random((90, H, W, 1)).astype(np.float32)
    x[np.arange(90), :, 2 + 2 * y] += 2
    return x, y


def fit(x, y, model=NeuralNetwork, **settings):
    shared = {"network": Network([Flatten(), Linear(3)]), "epochs": 4, "batch_size": 20, "random_state": 0}
    return model(**shared, backend="numpy", **settings).fit(x, y)


def test_a_network_trains_on_changed_images_and_predicts_with_unchanged_ones(squares):
    plain, shifted = fit(*squares), fit(*squares, augmentation="shift")
    z, again = plain.decision_function(squares[0]), shifted.decision_function(squares[0])
    assert (z != again).any()
    np.testing.assert_array_equal(again, shifted.decision_function(squares[0]))


def test_it_is_combined_with_what_else_changes_a_batch(squares):
    for settings in ({"mixup": 0.3}, {"averaging": "exponential"}, {"loss": "early_learning"}):
        plain, changed = fit(*squares, **settings), fit(*squares, augmentation="shift_flip", **settings)
        assert (plain.decision_function(squares[0]) != changed.decision_function(squares[0])).any()


def test_both_networks_of_co_teaching_see_the_same_changed_images(squares, monkeypatch):
    seen = []
    right = Network.forward

    def forward(self, x, step=None):
        seen.append(x)
        return right(self, x, step)

    monkeypatch.setattr(Network, "forward", forward)
    fit(*squares, CoTeaching, augmentation="shift_flip")
    inside = [x for x in seen if len(x) == 20]
    assert len(inside) == 2 * 4 * 4  # networks, epochs, whole batches
    for own, peer in zip(inside[::2], inside[1::2], strict=True):
        np.testing.assert_array_equal(own, peer)
    images = {image.tobytes() for batch in inside[::2] for image in batch}
    assert len(images) > 2 * len(squares[0]), "each image is changed anew"


@pytest.mark.parametrize("model", [NeuralNetwork, CoTeaching])
def test_a_killed_fit_goes_on_with_the_same_changes(squares, tmp_path, model):
    class Killed(Exception):
        pass

    def dies(model, row):
        if row["epoch"] == 2:
            raise Killed

    settings = {"model": model, "augmentation": "shift_flip"}
    whole = fit(*squares, **settings)
    with pytest.raises(Killed):
        fit(*squares, **settings, checkpoints=tmp_path, on_epoch=dies)
    resumed = fit(*squares, **settings, checkpoints=tmp_path, on_epoch=lambda *_: None)
    np.testing.assert_array_equal(resumed.decision_function(squares[0]), whole.decision_function(squares[0]))


def test_a_saved_model_keeps_its_setting(squares, tmp_path):
    fit(*squares, augmentation="shift").save(tmp_path / "model.npz")
    assert load(tmp_path / "model.npz").augmentation == "shift"


def test_what_does_not_fit_is_refused(squares):
    x, y = squares
    with pytest.raises(ValueError, match="augmentation='flip' is unknown"):
        fit(x, y, augmentation="flip")
    for wrong in (True, 2, ["shift"], "flip"):
        with pytest.raises(ValueError, match="augmentation="):
            fit(x, y, augmentation=wrong)
        with pytest.raises(ValueError, match="kind="):
            Augmentation(wrong, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"augmentation='shift' needs images \(N, H, W, K\); X has shape \(90, 72\)"):
        fit(x.reshape(90, -1), y, augmentation="shift")
