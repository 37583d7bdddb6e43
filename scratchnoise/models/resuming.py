"""Fits that go on after they were killed: the checkpoint that belongs to one fit and to no other."""

from .. import __version__
from ..backend import current
from ..checks import as_path
from ..content import content_of, parts_of
from ..network.checkpoint import Checkpoint

NOT_IN_THE_NAME = ("checkpoints", "on_epoch", "verbose", "backend", "random_state")


def checkpoint_of(model, X, y, sample_weight, rng, start):
    """The Checkpoint of this very fit and this start of it, in the folder `model.checkpoints`; None where that is None.

    The name of its file is a hash of all that decides about the numbers of the fit: samples, labels, weights,
    parameters, loss, classes, the number of the start, the state of rng, the running kernels and the version. What the
    model's on_epoch does is not known here, and without a random_state any state of rng will do.
    """
    if model.checkpoints is None:
        return None
    parameters = {name: value for name, value in model.get_params(deep=False).items() if name not in NOT_IN_THE_NAME}
    seed = None if model.random_state is None else rng.bit_generator.state
    fit = (type(model).__name__, start, parameters, model.loss_, model.classes_, seed, current(), __version__)
    key = content_of(X, y, sample_weight, *parts_of(fit))
    return Checkpoint(as_path("checkpoints", model.checkpoints) / f"{key}.npz", rng)
