"""The data set that needs no download: t-shirts, trousers and dresses, drawn as 28x28 grey silhouettes.

Every garment is a signed distance: a function of the point (u, v), u across and v down the body, that is
negative inside the cloth and positive outside. The union of two shapes is the minimum of their distances,
cutting one out of the other is a maximum, and the distance measured in pixels gives edges that are smooth
instead of jagged. The cut, the pose, the cloth and the light are drawn at random, for all images at once.
"""

from functools import partial

import numpy as np

from ..checks import as_generator, is_whole
from ..messages import shown
from .arrays import Dataset

CLASS_NAMES = ("t-shirt", "trouser", "dress")
SIZE = 28
MOST = 10_000_000  # images: 8 GB
CHUNK = 128  # images drawn together: few enough that the arrays stay in the processor's cache


def make_garments(
    n_train: int = 3000, n_test: int = 1000, random_state: int | np.random.Generator | None = 0
) -> Dataset:
    """Draw the garments data set: three classes as balanced as n allows, in random order.

    n_train, n_test: numbers of images, at least 3 and 1. random_state: an int (the same one gives the same
    images) or a `numpy.random.Generator`. The test images do not depend on n_train.
    Returns a `Dataset`: images (N, 28, 28) uint8, dark background; classes t-shirt, trouser, dress.
    Raises ValueError for a number of images out of range, and for a seed that is none.
    """
    for name, n, least in (("n_train", n_train, len(CLASS_NAMES)), ("n_test", n_test, 1)):
        if not is_whole(n) or not least <= n <= MOST:
            raise ValueError(f"{name} must be at least {least} and at most {MOST}, a whole number; got {shown(n)}")
    if isinstance(random_state, np.random.RandomState):  # the two parts need generators that do not share a state
        raise ValueError("random_state is a RandomState, which cannot be spawned; pass a Generator or a seed")
    train, test = as_generator("random_state", random_state).spawn(2)
    x_train, y_train = _draw(n_train, train)
    x_test, y_test = _draw(n_test, test)
    return Dataset("garments", x_train, y_train, x_test, y_test, CLASS_NAMES)


def _draw(n, rng):
    """n garments and their labels: images (n, 28, 28) uint8, labels (n,) int64."""
    labels = rng.permutation(np.arange(n) % len(CLASS_NAMES))
    images = np.empty((n, SIZE, SIZE), np.uint8)
    for label, shape in enumerate((_t_shirt, _trouser, _dress)):
        members = np.flatnonzero(labels == label)
        for start in range(0, len(members), CHUNK):
            chunk = members[start : start + CHUNK]
            images[chunk] = _photograph(shape, len(chunk), rng)
    return images, labels


def _photograph(shape, n, rng):
    """n images (n, 28, 28) uint8 of one kind of garment, each with its own cut, pose, cloth and light."""
    between = partial(_between, rng, n)
    u, v, pixels = _pose(between)
    distance = shape(u, v, between) * pixels
    cover = np.clip(0.5 - distance / between(1.0, 1.6), 0, 1)
    depth = np.clip(-distance / 4, 0, 1)  # cloth turns away from the light towards its rim
    cloth = between(100, 250) * _cloth(u, v, between) * (0.85 + 0.25 * depth)
    background = between(0, 40) + between(-12, 12) * v
    image = background + (cloth - background) * cover
    image += between(1, 9) * rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _between(rng, n, low, high):
    """One uniform draw per image, shaped (n, 1, 1) to meet the pixels; float32 throughout, for speed."""
    return (low + (high - low) * rng.random((n, 1, 1), np.float32)).astype(np.float32)


def _pose(between):
    """Garment coordinates (u, v) of every pixel centre, and how many pixels one unit of them measures."""
    centres = ((np.arange(SIZE, dtype=np.float32) + 0.5) * 2 / SIZE - 1).reshape(1, -1, 1)
    down, across = centres - between(-0.2, 0.24), centres.reshape(1, 1, -1) - between(-0.24, 0.24)
    angle, scale, stretch = between(-0.25, 0.25), between(0.7, 0.96), between(0.9, 1.15)
    u = (np.cos(angle) * across + np.sin(angle) * down) / (scale * stretch)
    v = (np.cos(angle) * down - np.sin(angle) * across) / scale
    return u + between(-0.12, 0.12) * v, v, scale * SIZE / 2  # the last term leans it to one side


def _t_shirt(u, v, between):
    chest, hem = between(0.4, 0.54), between(0.4, 0.8)
    body = _panel(u, v, hem, _ease(v, -0.4, hem, chest, chest * between(0.85, 1.08)))
    sleeves = _sleeves(u, v, between, chest, between(0.15, 0.7))
    return np.maximum(np.minimum(body, sleeves), -_neckline(u, v, between))


def _trouser(u, v, between):
    waist, hips, crotch, hem = between(0.24, 0.34), between(0.3, 0.42), between(-0.5, -0.1), between(0.7, 0.95)
    width = _ease(v, -0.9, crotch, waist, hips) + _ease(v, crotch, hem, 0, between(-0.06, 0.2))
    gap = _ease(v, crotch, hem, 0.02, between(0.06, 0.24)) - np.abs(u)
    return np.maximum(_panel(u, v, hem, width, slope=0), np.minimum(gap, v - crotch))


def _dress(u, v, between):
    bust, waist, hem = between(0.24, 0.32), between(-0.3, -0.05), between(0.8, 1.0)
    bodice = _ease(v, -0.9, -0.5, bust * 0.8, bust) - _ease(v, -0.5, waist, 0, bust * between(0.15, 0.4))
    skirt = bodice + _ease(v, waist - 0.1, hem, 0, between(0.1, 0.45))
    sleeves = _sleeves(u, v, between, bust, between(-0.3, 0.45))
    return np.maximum(np.minimum(_panel(u, v, hem, skirt), sleeves), -_neckline(u, v, between))


def _panel(u, v, hem, width, slope=0.35):
    """A piece of cloth that hangs from v = -0.9, sloping at the shoulders, down to the hem."""
    return np.maximum(np.abs(u) - width, np.maximum(slope * np.abs(u) - 0.9 - v, v - hem))


def _sleeves(u, v, between, shoulder, length):
    """Two tapering strips that leave the shoulders at an angle; a length below 0 leaves them out."""
    angle, thick, taper = between(0.35, 1.2), between(0.14, 0.22), between(0, 0.2)
    out, down = np.abs(u) - shoulder + 0.16, v + 0.58
    along = np.cos(angle) * out + np.sin(angle) * down
    aside = np.abs(np.cos(angle) * down - np.sin(angle) * out)
    return np.maximum(aside - thick + taper * along, np.maximum(along - 0.16 - length, -along))


def _neckline(u, v, between):
    """The hole for the neck: anything from a shallow boat neck to a deep V."""
    width, depth, round_ = between(0.12, 0.26), between(0.08, 0.4), between(1, 2.2)
    across, down = np.abs(u) / width, np.abs(v + 0.9) / depth
    return (np.power(across**round_ + down**round_, 1 / round_) - 1) * np.minimum(width, depth)


def _ease(v, top, bottom, start, stop):
    """Runs smoothly from start at v = top to stop at v = bottom, and stays there."""
    t = np.clip((v - top) / (bottom - top), 0, 1)
    return start + (stop - start) * t * t * (3 - 2 * t)


def _cloth(u, v, between):
    """The tone of the cloth around 1: mostly plain, at times striped or checked; folds and uneven light."""
    pitch, turn, phase = between(10, 26), between(0, np.pi), between(0, 2 * np.pi)
    warp = np.sin(pitch * (np.cos(turn) * u + np.sin(turn) * v) + phase)
    weft = np.sin(pitch * (np.cos(turn) * v - np.sin(turn) * u) + phase)
    folds = np.sin(between(5, 14) * u + between(-3, 3) * v + phase)
    pattern = between(0, 1) ** 4 * 0.45 * warp + between(0, 1) ** 6 * 0.45 * weft + between(0, 0.1) * folds
    return 1 + pattern + between(-0.15, 0.15) * u + between(-0.15, 0.15) * v
