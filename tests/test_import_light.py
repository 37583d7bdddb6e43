"""`import scratchnoise` costs little more than `import numpy`: heavy packages are imported where they are used."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numba", "cupy", "matplotlib", "joblib", "pooch", "sklearn", "rich", "tqdm", "hypothesis")
ROOT = Path(__file__).parents[1]
SECONDS = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def run(code):
    """What a fresh interpreter in the project's folder prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import scratchnoise",
        "import scratchnoise.losses, scratchnoise.models, scratchnoise.estimate",
        "import scratchnoise.practice.session",
    ],
)
def test_nothing_heavy_is_imported(statement):
    loaded = run(f"import sys; {statement}; print(*sys.modules)").split()
    assert not set(loaded) & set(HEAVY)


def test_the_exercises_need_no_compiler():
    """Whoever wants a stub or a hint should not wait for kernels."""
    assert "numba" not in run("import sys; import scratchnoise.course.exercises; print(*sys.modules)").split()


def test_importing_is_quick():
    """The best of several: other programs on the machine can only make it slower. Stops at the first good pair."""
    best = {"numpy": float("inf"), "scratchnoise": float("inf")}
    for _ in range(12):
        for name in best:
            best[name] = min(best[name], float(run(SECONDS.format(f"import {name}"))))
        if best["scratchnoise"] < 0.3 and best["scratchnoise"] - best["numpy"] < 0.1:
            return
    pytest.fail(f"import scratchnoise takes {best['scratchnoise']:.2f} s, import numpy {best['numpy']:.2f} s")


def test_every_public_name_can_be_imported():
    missing = run("import scratchnoise as s; print(*[n for n in s.__all__ if not hasattr(s, n)])")
    assert missing == ""
