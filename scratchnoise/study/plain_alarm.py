"""Whether the alarm of the noise floor rings for plain training after 30 epochs: the network of the study, draw 0.

The loss on the noisy labels that the network learnt from, without dropout, its standard error, and the noise floor of
the T that drew them. The control is the loss on the tenth of the noisy labels that was left out.
"""

from functools import partial

import numpy as np

from ..losses import CrossEntropy
from ..network.watch import STANDARD_ERRORS
from .grids import heading
from .methods import METHODS
from .protocol import PRESETS, load_task, pixels_of

DATA, NOISES, DRAW, SEED = "fashion-mnist", ("0.5", "0.6"), 0, 0


def runs():
    """(name, function that measures) of every run, in order."""
    for noise in NOISES:
        yield f"noise {noise}", partial(_measured, noise)


def _measured(noise):
    """{"noise", "floor", "learnt", "left_out"}; the last two are {"loss", "error", "rings"}."""
    preset = PRESETS["paper"]
    task = load_task(DATA, noise, preset, SEED, DRAW)
    x, _ = pixels_of(DATA, preset, SEED, "network")
    model = METHODS["NN"].make(None, task.model_seed, preset.epochs).fit(x[task.chosen], task.y_noisy[task.chosen])
    floor, found = task.T_known.noise_floor, {}
    for name, part in (("learnt", task.chosen), ("left_out", task.left_out)):
        losses = CrossEntropy().value(model.decision_function(x[part]), task.y_noisy[part]).astype(np.float64)
        mean, error = losses.mean(), losses.std() / np.sqrt(len(part))
        found[name] = {"loss": mean, "error": error, "rings": bool(mean + STANDARD_ERRORS * error < floor)}
    return {"noise": noise, "floor": floor, **found}


def described(found):
    """Whether the alarm rings for plain training after its last epoch, beside the labels that it has not seen."""
    parts = []
    for row in found:
        said = [
            f"{name} {(row[part]['loss'] - row['floor']) / row[part]['error']:+.1f}"
            f"{', it rings' if row[part]['rings'] else ', it does not ring'}"
            for name, part in (("labels that it learnt", "learnt"), ("labels left out", "left_out"))
        ]
        parts.append(f"{heading('fashion-mnist', row['noise'])}: {'; '.join(said)}")
    return f"Loss of plain training after 30 epochs less the noise floor, in its standard errors: {'. '.join(parts)}."
