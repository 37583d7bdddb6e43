"""How far the linear methods depend on table and processor: python -m scratchnoise.study.processors --out FILE.

Draw 0 of Fashion-MNIST under (38) and (39), every linear method, in the table that runs here. One line of the file is
one method with one noise, table and processor. Run it with --backend numpy and numba, and with
NUMBA_CPU_NAME=haswell, which has no AVX-512, for others. A method whose accuracies differ by more than SAME is marked
in the tables. Rows are appended as they come; the same command goes on where it stopped.
"""

import argparse

from ..backend import backend, current
from .experiment import recorded
from .grids import heading
from .jobs import Job
from .methods import METHODS
from .protocol import PRESETS

DATA, NOISES, DRAW, SEED = "fashion-mnist", ("0.5", "0.6"), 0, 0
SAME = 5e-4  # what three digits show


def measure(out):
    """Append a row for every noise and linear method that `out` does not hold for this table and processor."""
    results = recorded(out, "noise", "backend", "processor", "method")
    processor = compiled_for() if current() == "numba" else "any"
    for noise in NOISES:
        for method in linear():
            row = {"noise": noise, "backend": current(), "processor": processor, "method": method}
            if tuple(row.values()) not in results:
                found = Job(DATA, noise, method, DRAW, PRESETS["paper"], SEED, current()).outcome()[0]
                results.append(row | {"accuracy": found["accuracy"]})


def compiled_for():
    """LLVM's name of the processor that numba compiles for, for example "znver4": str."""
    from numba.core.registry import cpu_target

    return cpu_target.target_context.codegen().magic_tuple()[1]


def linear():
    """The names of the linear methods: list of str."""
    return [name for name, method in METHODS.items() if not method.is_network]


def spreads(rows):
    """{method: {noise: largest accuracy - smallest, over tables and processors}}."""
    found = {}
    for row in rows:
        found.setdefault(row["method"], {}).setdefault(row["noise"], []).append(row["accuracy"])
    return {
        method: {noise: max(values) - min(values) for noise, values in by_noise.items()}
        for method, by_noise in found.items()
    }


def unstable(rows):
    """The methods whose accuracies differ by more than SAME: set of str."""
    return {method for method, by_noise in spreads(rows).items() if max(by_noise.values()) > SAME}


def described(rows):
    """By how much each method differs between tables and processors: list of str."""
    where = dict.fromkeys(f"{row['backend']} ({row['processor']})" for row in rows)
    lines = [f"Compared are {', '.join(where)}. More than {SAME:g} is marked ~ in the tables."]
    for method, by_noise in spreads(rows).items():
        said = ", ".join(f"{heading(DATA, noise)} {spread:.4f}" for noise, spread in by_noise.items())
        lines.append(f"{method}: {said}")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--backend", default="numba")
    arguments = parser.parse_args()
    with backend(arguments.backend):
        measure(arguments.out)
