"""How often the alarms ring for nothing: python -m scratchnoise.study.false_alarms --out FILE.jsonl.

An oracle knows p(y | x) of three Gaussian clouds exactly and was fixed before the labels were drawn, so it has
memorised nothing: whatever rings is a false alarm. Rows say how often each alarm rang, with its margin and without.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from ..files import write_whole
from ..losses import BackwardCorrected
from ..network.watch import STANDARD_ERRORS, Watch, alarms
from ..noise import MNIST05, MNIST06, corrupt

NOISE = {"0.5": MNIST05, "0.6": MNIST06}
SPREAD = {0.97: 0.406, 0.995: 0.3105, 1.0: 0.12}  # Bayes accuracy -> deviation of the clouds, centres on a circle
CENTRES = np.array([[0, 1], [-np.sqrt(3) / 2, -0.5], [np.sqrt(3) / 2, -0.5]])


def clouds(spread, n_samples, rng):
    """The oracle's logits (N, 3) and the true labels (N,) of samples drawn around the three centres."""
    y = rng.integers(0, 3, n_samples)
    x = CENTRES[y] + spread * rng.standard_normal((n_samples, 2))
    return x @ CENTRES.T / spread**2, y  # log p(x | y) up to what all classes share


def rung(spread, T, n_samples, rng):
    """What an epoch of the oracle on freshly drawn noisy labels shows: a row of the history, and its accuracy."""
    z, y = clouds(spread, n_samples, rng)
    watch = Watch(BackwardCorrected(T), n_samples)
    watch.see(z, corrupt(y, T, rng), None)
    return watch.row(), float(np.mean(z.argmax(axis=1) == y))


def measured(accuracy, noise, n_samples=16200, draws=400, seed=0):
    """One row: the share of draws in which each alarm rings, alone and together, with the margin and without."""
    rng, T = np.random.default_rng([seed, round(1000 * accuracy), round(10 * float(noise))]), NOISE[noise]
    rows, right = zip(*(rung(SPREAD[accuracy], T, n_samples, rng) for _ in range(draws)), strict=True)
    return {
        "bayes_accuracy": accuracy,
        "accuracy": _share(right),
        "noise": noise,
        "n_samples": n_samples,
        "draws": draws,
        "standard_errors": STANDARD_ERRORS,
        "forward": _share(["forward loss below the noise floor" in alarms(row, T) for row in rows]),
        "corrected": _share(["corrected risk below zero" in alarms(row, T) for row in rows]),
        "any": _share([bool(alarms(row, T)) for row in rows]),
        "forward_without_margin": _share([row["forward_loss"] < T.noise_floor for row in rows]),
        "corrected_without_margin": _share([row["corrected_risk"] < 0 for row in rows]),
    }


def _share(values):
    return float(np.mean(values))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, replaced")
    arguments = parser.parse_args()
    rows = [measured(accuracy, noise) for accuracy in SPREAD for noise in NOISE]
    for row in rows:
        print(row)
    write_whole(arguments.out, "".join(json.dumps(row) + "\n" for row in rows).encode())


if __name__ == "__main__":
    main()
