"""Training a model twice with one seed, on a student's functions and on the library's."""

import textwrap
import time
from functools import partial

import numpy as np

from ... import noise
from ...backend import own_table
from ..exercises import EXERCISES
from ..workspace import find, remember
from .models import EXERCISE_OF, PASSES, SECONDS, SIDE, SIZES, load_images
from .own_functions import OwnCodeError
from .own_table import OwnTable

TIMED = 25  # images, a batch, on which the student's convolution is timed
NAMES = {"fashion-mnist": "Fashion-MNIST (T-shirt/top, Trouser, Dress)", "garments": "Drawn garments"}


def load_images_with(own):
    """`Images` whose noise the student's `corrupt` drew, if it passed; says what they are."""
    mine = own.found.get("corrupt")
    try:
        images = load_images(partial(_corrupted, mine) if mine else noise.corrupt)
    except OwnCodeError as error:
        print(error)
        own.drop("corrupt", "04 stopped")
        return load_images_with(own)
    if images.name == "garments":
        print("Fashion-MNIST is not on this computer (scratchnoise data fetch fashion-mnist downloads 31 MB).")
    whose, flipped = "Your" if mine else "The library's", np.mean(images.y_noisy != images.y_train)
    print(f"{NAMES[images.name]}, shrunk to {SIDE} x {SIDE} pixels.")
    print(f"{whose} corrupt flipped {flipped:.0%} of {len(images.y_train)} training labels.")
    return images


def _corrupted(mine, y, T, rng):
    return mine((y, T, rng), (y.shape,), y.dtype)[0]


def has_opened(milestone, own):
    """Whether a function of one of its own exercises has passed."""
    return any(name in own.found for name in milestone.functions if EXERCISE_OF[name] in milestone.own)


def train_milestone(milestone, own, images, folder=None):
    """Train on both tables and print accuracies, seconds, and whose functions ran; False if a student's failed."""
    print(f"\n{milestone.title}")
    if not has_opened(milestone, own):
        first = next(name for name in milestone.functions if EXERCISE_OF[name] in milestone.own)
        print(f"   opens with exercise {EXERCISE_OF[first]}. {own.reasons[first]}")
        return True
    table = OwnTable(own.found)
    try:
        count = sample_size(milestone, table, images)
        accuracy, seconds = fit_and_score(milestone, table, images, count)
    except OwnCodeError as error:
        print(f"   {error}")
        own.drop(error.function, f"{EXERCISE_OF[error.function]} stopped in the training above")
        return False
    theirs, their_seconds = fit_and_score(milestone, OwnTable({}), images, count)
    print(f"   accuracy on {len(images.y_test)} clean test images    {accuracy:.3f}   your functions, {seconds:.1f} s")
    print(f"   with the same settings and seed        {theirs:.3f}   the library's, {their_seconds:.1f} s")
    print_owners(milestone, own)
    path = find(EXERCISES[milestone.number].filename, folder)
    if path is not None:
        remember(path.parent, milestone.number, accuracy=round(accuracy, 3))
    return True


def sample_size(milestone, table, images):
    """How many training images: all as rows, as images the most that the student's functions pass within a minute."""
    if not milestone.as_images:
        return len(images.x_train)
    network = milestone.make().network
    network.build(images.x_train.shape[1:], 0)
    started = time.perf_counter()
    with own_table(table):
        network.backward(network.forward(images.x_train[:TIMED], 0))
    seconds = (time.perf_counter() - started) / TIMED  # forward and back again; forward alone takes a third
    count, total = affordable(seconds, len(images.x_test))
    print(f"   {1000 * seconds:.1f} ms an image: {PASSES} passes over {count} images, about {total:.0f} s")
    return count


def affordable(seconds, n_test):
    """(training images, seconds that they take): the most below a minute, for seconds an image there and back."""
    costs = {count: seconds * (PASSES * count + (count + n_test) / 3) for count in SIZES}
    return next((pair for pair in costs.items() if pair[1] < SECONDS), (SIZES[-1], costs[SIZES[-1]]))


def fit_and_score(milestone, table, images, count):
    """(accuracy on the clean test images, seconds of the fit)."""
    model = milestone.make()
    started = time.perf_counter()
    with own_table(table):
        model.fit(milestone.samples(images.x_train[:count]), images.y_noisy[:count])
        seconds = time.perf_counter() - started
        found = model.predict(milestone.samples(images.x_test))
    return float(np.mean(found == images.y_test)), seconds


def print_owners(milestone, own):
    """Which functions are the student's, and what to type for the others."""
    mine = [name for name in milestone.functions if name in own.found]
    print(_wrapped(f"yours: {', '.join(mine)}"))
    missing = {}
    for name in milestone.functions:
        if name not in own.found:
            missing.setdefault(own.reasons[name], []).append(name)
    for reason, names in missing.items():
        print(_wrapped(f"the library's: {', '.join(names)} ({reason})"))


def _wrapped(text):
    options = {"initial_indent": "   ", "subsequent_indent": "      ", "break_on_hyphens": False}
    return textwrap.fill(text, 97, break_long_words=False, **options)
