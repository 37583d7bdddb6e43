"""How time and memory grow with the number of images: `python -m scratchnoise.bench.growth [N ...]`.

Every size trains the annex network on as many images in all, a small set for more epochs than a large one, each size
in a process of its own and all taking turns: the time per image should be the same, and so should the memory beyond
the data, which are N x 12,288 bytes and their labels.
"""

import statistics
import sys
import time

import numpy as np

from .environment import call_alone
from .memory import peak_memory

SIZES = (1_000, 4_000, 15_000, 60_000)
ROUNDS = 3


def measure(sizes=SIZES, rounds=ROUNDS, images=None):
    """Train on each size in turn: a list of dicts with `images`, `ms_per_image` and `megabytes` beyond the data.

    sizes: numbers of training images; images: how many each run sees in all (default: the largest size).
    """
    images = images or max(sizes)
    runs = [[call_alone("growth", f"train({n}, {max(1, images // n)})") for n in sizes] for _ in range(rounds)]
    return [
        {
            "images": n,
            "ms_per_image": statistics.median(run[i]["ms_per_image"] for run in runs),
            "megabytes": statistics.median(run[i]["megabytes"] for run in runs),
        }
        for i, n in enumerate(sizes)
    ]


def train(n, epochs):
    """One measurement in this process: milliseconds per image, and peak memory in MB less what the data take."""
    from ..models import NeuralNetwork
    from ..noise import MNIST06

    rng = np.random.default_rng(0)
    x = rng.random((n, 32, 32, 3), dtype=np.float32)
    y = rng.permutation(np.arange(n) % 3)
    settings = {"loss": "backward", "T": MNIST06, "batch_size": 252, "scaling": None, "random_state": 0}
    NeuralNetwork(epochs=1, **settings).fit(x[:300], y[:300])  # compiles
    started = time.perf_counter()
    NeuralNetwork(epochs=epochs, **settings).fit(x, y)
    seconds = time.perf_counter() - started
    return {"ms_per_image": 1e3 * seconds / (n * epochs), "megabytes": (peak_memory() - x.nbytes - y.nbytes) / 1e6}


if __name__ == "__main__":
    for row in measure([int(text) for text in sys.argv[1:]] or SIZES):
        each = f"{row['ms_per_image']:.4f} ms each, {row['megabytes']:.0f} MB beyond the data"
        print(f"{row['images']:7,} images: {each}")
