"""The command line as a user meets it: real processes, real files."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scratchnoise import noise
from scratchnoise.cli import main
from scratchnoise.equations import EQUATIONS, find_equations
from scratchnoise.formulas import FORMULAS


def scratchnoise(*arguments, cwd=None, **environment):
    """Run `python -m scratchnoise` and return the finished process."""
    command = [sys.executable, "-m", "scratchnoise", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=os.environ | environment)


def test_version_and_help():
    assert scratchnoise("--version").stdout.startswith("scratchnoise 0.")
    shown = scratchnoise("reproduce", "--help").stdout
    assert "examples:" in shown
    for option in "--data --noise --methods --preset --repetitions --jobs --backend --seed --out".split():
        assert option in shown


@pytest.mark.slow
def test_reproduce_writes_all_it_promises(tmp_path):
    run = scratchnoise(
        "reproduce", "--methods", "priors,MLR,rMLR (tuned)", "--repetitions", "1", "--noise", "0.5", cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert "Table 1" in run.stdout and "Table 3" in run.stdout and "rMLR (tuned)" in run.stdout
    names = {path.name for path in (tmp_path / "reproduce").iterdir()}
    assert {"results.jsonl", "tables.csv", "report.html"} <= names
    assert sum(name.endswith(".png") for name in names) >= 2
    assert "data:image/png;base64" in (tmp_path / "reproduce" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reproduce", "--backend", "cupy"], "backend='cupy' needs"),
        (["reproduce", "--methods", "MRL"], "did you mean 'MLR'"),
        (["reproduce", "--data", "fashion"], "fashion-mnist"),
        (["reproduce", "--data", "absent.npz"], "absent.npz"),
        (["data", "fetch", "cifar"], "cifar10"),
        (["equations", "99"], "not in the report"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


LIMITS = [(["--threads", "1"], {}), ([], {"SCRATCHNOISE_THREADS": "1"})]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "environment"), LIMITS)
def test_threads_are_limited_before_anything_starts_them(arguments, environment, tmp_path):
    pytest.importorskip("numba")
    code = "import sys, scratchnoise.cli as c; c.main(sys.argv[1:]); import numba; print(numba.get_num_threads())"
    command = ["reproduce", "--methods", "priors", "--noise", "0.5", "--backend", "numpy", "--out", str(tmp_path)]
    left = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    run = subprocess.run(
        [sys.executable, "-c", code, *command, *arguments], capture_output=True, text=True, env=left | environment
    )
    assert run.stdout.split()[-1] == "1", run.stderr


def test_data_status_names_every_set(capsys):
    assert main(["data", "status"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("garments", "fashion-mnist", "cifar10"))


def test_equations_points_at_real_lines(capsys):
    assert main(["equations", "17"]) == 0
    assert "forward_cross_entropy_grad" in capsys.readouterr().out
    places = find_equations()
    assert {p.equation for p in places} >= {*range(1, 4), *range(7, 27), *range(28, 45)}
    for place in places:
        source = (os.path.dirname(os.path.dirname(sys.modules["scratchnoise"].__file__)), place.file)
        line = open(os.path.join(*source), encoding="utf-8").read().splitlines()[place.line - 1]
        assert place.name.rsplit(".", 1)[-1] in line


def test_an_equation_says_what_it_is_and_what_holds(capsys):
    assert main(["equations", "38"]) == 0
    assert "0.5  0.2  0.3" in capsys.readouterr().out
    assert main(["equations", "11"]) == 0
    shown = capsys.readouterr().out
    assert "sum_n (mu_n - Y_n)" in shown and "what holds" in shown and "has the other sign" in shown
    assert max(map(len, shown.splitlines())) <= 130


def test_the_matrices_of_the_formulas_are_the_package_s():
    for number, T in ((38, noise.MNIST05), (39, noise.MNIST06)):
        printed = [float(x) for x in re.findall(r"\d\.\d", FORMULAS[number].lines)]
        assert printed == T.array.ravel().tolist()
    assert list(FORMULAS) == list(EQUATIONS)
    wrong = {number for number, formula in FORMULAS.items() if formula.holds}
    errata = (
        (Path(__file__).parents[1] / "tutorials" / "09_errata.py").read_text().split("# Equations: ")[1].split(";")[0]
    )
    assert {int(number) for number in re.findall(r"\((\d+)\)", errata)} <= wrong


def test_methods_are_split_at_commas_but_not_at_those_inside_a_name(monkeypatch):
    from scratchnoise.study import publish, runner

    asked = []
    monkeypatch.setattr(runner, "reproduce", lambda out, data, noise, methods, *more: asked.append(methods))
    monkeypatch.setattr(publish, "publish", lambda *arguments: None)
    assert main(["reproduce", "--methods", "MLR (flipped, inverse), NN ,T estimates"]) == 0
    assert asked == [["MLR (flipped, inverse)", "NN", "T estimates"]]
