"""Every bar of the GPU in one run: python tests/gpu/measure.py [--json FILE] [--tiny]

Prints a table of what was aimed at and what was measured; the exit status is 1 if a bar is missed. Times of steps are
events on the device, medians over rounds in which the competitors take turns, after a warm-up. --tiny goes through all
of it with a few small images, to see that it runs; its numbers mean nothing.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import numpy as np
from joblib import Parallel, delayed

from scratchnoise import data
from scratchnoise.backend import arrays, backend, host_table, queue, to_device
from scratchnoise.data.images import for_network
from scratchnoise.losses import CrossEntropy
from scratchnoise.models import NeuralNetwork
from scratchnoise.network import annex
from scratchnoise.network.device_step import DeviceStep
from scratchnoise.network.training import Minibatches
from scratchnoise.noise import MNIST05, corrupt


@dataclass(frozen=True)
class Sizes:
    """How much is measured. workers: joblib's name for what trains folds side by side."""

    images: int = 16200
    test_images: int = 3000
    batch: int = 252
    epochs: int = 30
    epochs_on_both: int = 5  # on the processor too, which takes a minute
    seeds: int = 3
    rounds: int = 15
    steps: int = 20
    folds: int = 10
    fold_epochs: int = 5
    workers: str = "loky"


# Two steps a fold, so that nothing is recorded where threads share one device that is not there.
TINY = Sizes(
    images=24, test_images=12, batch=12, epochs=2, epochs_on_both=1, seeds=1, rounds=1, steps=1, folds=2, fold_epochs=1,
    workers="threading",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the table. met: whether the bar is met, None for what has no bar or could not be measured."""

    name: str
    aim: str
    measured: str
    met: bool | None = None
    value: float | None = None


# --- the training step ------------------------------------------------------------------------------------


class HostEvent:
    """A moment on the processor, for a competitor that runs there."""

    def record(self):
        self.at = time.perf_counter()

    def synchronize(self):
        pass

    def elapsed_time(self, later):
        return 1e3 * (later.at - self.at)


def our_step(x, y):
    """The step of training the annex network, and its arguments: one batch, again and again."""
    network, data = annex(3), Minibatches(x, y, None, len(x))
    network.build(x.shape[1:], np.random.default_rng(1), x.dtype)
    for layer in network.layers:
        layer.move(to_device)
    data.send()
    step = DeviceStep(network, CrossEntropy(), data, [(1e-3, 0.9, 0.0)])
    return step.replayed, (to_device(np.arange(len(x))), step.rates[0], step.numbers)


def pytorch_step(x, y, device, channels_last):
    """The same step in PyTorch, eager, with its own defaults."""
    import torch
    from torch import nn

    layout = torch.channels_last if channels_last else torch.contiguous_format
    convolutions = (nn.Conv2d(3, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU())
    rest = (nn.MaxPool2d(2), nn.Conv2d(64, 128, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3200, 1024), nn.ReLU())
    dense = (nn.Dropout(0.5), nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 3))
    network = nn.Sequential(*convolutions, *rest, *dense).to(device, memory_format=layout)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    x = torch.tensor(x, device=device).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    y = torch.tensor(y, device=device)

    def run():
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimiser.step()

    return run


def competitors(x, y):
    """name -> (step, maker of events, milliseconds from one event to another), and our step."""
    cupy = arrays()
    ours, arguments = our_step(x, y)
    clock = cupy.cuda.Event, cupy.cuda.get_elapsed_time
    found = {"recorded": (lambda: ours(*arguments), *clock), "not": (lambda: ours.function(*arguments), *clock)}
    if not find_spec("torch"):
        return found, ours
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    event = (lambda: torch.cuda.Event(enable_timing=True)) if device == "cuda" else HostEvent
    for layout in ("", ", channels last"):
        step = pytorch_step(x, y, device, channels_last=bool(layout))
        found[f"PyTorch eager on {device}{layout}"] = step, event, lambda first, last: first.elapsed_time(last)
    return found, ours


def time_of(step, event, elapsed, steps):
    """(milliseconds on the device, milliseconds on the host until all is queued) of a step, means over so many."""
    first, last, started = event(), event(), time.perf_counter()
    first.record()
    for _ in range(steps):
        step()
    last.record()
    queued = time.perf_counter() - started
    last.synchronize()
    return elapsed(first, last) / steps, 1e3 * queued / steps


def measure_step(sizes):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(sizes.batch, 32, 32, 3)).astype(np.float32), rng.integers(3, size=sizes.batch)
    with backend("cupy"), queue():
        steps, ours = competitors(x, y)
        for step in steps.values():
            time_of(*step, max(3, sizes.steps))  # compile, fill the memory pools, record
        times = {name: [] for name in steps}
        for _ in range(sizes.rounds):
            for name, step in steps.items():
                times[name].append(time_of(*step, sizes.steps))
    median = {name: [statistics.median(part) for part in zip(*pairs, strict=True)] for name, pairs in times.items()}
    name = f"annex step, batch {sizes.batch}"
    for kind, what in (("recorded", name), ("not", "  not recorded")):
        ms, queued = median.pop(kind)
        yield Row(what, "", f"{ms:.3f} ms, queued in {queued:.3f} ms", value=ms)
    yield Row("  recorded as a CUDA graph", "yes", ours.refused or "yes", ours.refused is None)
    for rival, (ms, queued) in median.items():
        yield Row(f"  {rival}", "", f"{ms:.3f} ms, queued in {queued:.3f} ms", value=ms)
    rivals = [ms for rival, (ms, _) in median.items() if "cuda" in rival or sizes is TINY]
    ours = statistics.median(ms for ms, _ in times["recorded"])
    if rivals:
        ratio = ours / min(rivals)
        yield Row("  ratio to the faster PyTorch", "<= 1.0, aim 0.5", f"{ratio:.2f}", ratio <= 1, ratio)
    else:
        yield Row("  ratio to the faster PyTorch", "<= 1.0, aim 0.5", "no PyTorch with CUDA here")


# --- training ---------------------------------------------------------------------------------------------


def drawn_images(n):
    """n images and labels that take as long as any others."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(n, 32, 32, 3)).astype(np.float32), rng.integers(3, size=n)


def fitted(x, y, sizes, epochs, seed=0, on_epoch=None):
    """The report's network, trained on these images on the GPU."""
    settings = {"batch_size": sizes.batch, "random_state": seed, "backend": "cupy", "on_epoch": on_epoch}
    return NeuralNetwork(epochs=epochs, scaling=None, **settings).fit(x, y)


def measure_training(sizes):
    x, y = drawn_images(sizes.images)
    used = []

    def look(model, row):
        free, total = arrays().cuda.runtime.memGetInfo()
        used.append((total - free) / 1e9)

    fitted(x, y, sizes, 1, on_epoch=look)
    started = time.perf_counter()
    first = fitted(x, y, sizes, sizes.epochs)
    seconds = time.perf_counter() - started
    again = fitted(x, y, sizes, sizes.epochs)
    pairs = zip(first.network_.parameters(), again.network_.parameters(), strict=True)
    differing = sum(int((a.params[key] != b.params[key]).sum()) for (_, a, key), (_, b, _) in pairs)
    name = f"{sizes.epochs} epochs on {sizes.images:,} images"
    yield Row(name, "<= 3 s on an H200", f"{seconds:.2f} s", seconds <= 3, seconds)
    yield Row("device memory, with CUDA's own", "< 4 GB", f"{max(used):.2f} GB", max(used) < 4, max(used))
    yield Row("weights that differ for the same seed", "0", f"{differing}", differing == 0, differing)


def measure_accuracy(sizes):
    """The mean over seeds: rounding alone makes two trainings drift apart as two seeds would."""
    name, aim = "accuracy on Fashion-MNIST, GPU - CPU", "within 0.01"
    if next(row["found"] for row in data.status() if row["name"] == "fashion-mnist") == "not found":
        yield Row(name, aim, "not measured: the data is not here")
        return
    rng = np.random.default_rng(0)
    dataset = data.load("fashion-mnist").subsample(sizes.images, sizes.test_images, rng)
    x, x_test = for_network(dataset.x_train), for_network(dataset.x_test)
    y = corrupt(dataset.y_train, MNIST05, rng)
    settings = {"epochs": sizes.epochs_on_both, "batch_size": sizes.batch, "scaling": None}
    model = NeuralNetwork(loss="forward", T=MNIST05, **settings)
    mean = {}
    for table in ("cupy", host_table()):
        seeded = (model.set_params(random_state=seed, backend=table) for seed in range(sizes.seeds))
        mean[table] = statistics.mean(one.fit(x, y).score(x_test, dataset.y_test) for one in seeded)
    there, here = mean.values()
    yield Row(name, aim, f"{there:.4f} - {here:.4f}", abs(there - here) <= 0.01, there - here)


# --- several models at once -------------------------------------------------------------------------------


def measure_folds(sizes):
    """One fold after the other against 2, 5, ... folds at a time, each in a process of its own."""
    x, y = drawn_images(sizes.images)
    times = {}
    for jobs in sorted({1, 2, sizes.folds // 2 or 1, sizes.folds}):
        run = Parallel(n_jobs=jobs, backend=sizes.workers)
        run(delayed(fitted)(x, y, sizes, 1, fold) for fold in range(jobs))  # processes start, kernels compile
        started = time.perf_counter()
        run(delayed(fitted)(x, y, sizes, sizes.fold_epochs, fold) for fold in range(sizes.folds))
        times[jobs] = time.perf_counter() - started
        yield Row(f"{sizes.folds} folds, --jobs {jobs}", "", f"{times[jobs]:.2f} s", value=times[jobs])
    best = min(times, key=times.get)
    faster = times[1] / times[best]
    yield Row("  the fastest", "decides --jobs", f"--jobs {best}: {faster:.2f} times as fast as one by one", value=best)


# --- the table --------------------------------------------------------------------------------------------

# Training first: the memory of the device is measured there, and PyTorch would have taken some of it.
MEASUREMENTS = (measure_training, measure_step, measure_accuracy, measure_folds)
MARKS = {True: "met", False: "MISSED", None: ""}


def main(argv=None):
    """Measure everything; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the rows there as well")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to see that everything runs")
    arguments = parser.parse_args(argv)
    sizes = TINY if arguments.tiny else Sizes()
    with backend("cupy"):
        device = arrays().cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{device}\n{'':<42}{'aim':<20}{'measured':<46}")
    rows = []
    for measurement in MEASUREMENTS:
        for row in measurement(sizes):
            rows.append(row)
            print(f"{row.name:<42}{row.aim:<20}{row.measured:<46}{MARKS[row.met]}", flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"device": device, "sizes": asdict(sizes), "rows": [asdict(row) for row in rows]}, file, indent=1)
    return 1 if any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
