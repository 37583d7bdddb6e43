"""The study end to end on small drawn data: every method, resuming, and what is refused."""

import json
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import profiles
import pytest

from scratchnoise import data
from scratchnoise.backend import backend, host_table
from scratchnoise.kernels.warm_up import LINEAR, LINEAR_BY_SGD, NETWORKS, warm_up
from scratchnoise.losses import CrossEntropy
from scratchnoise.models import NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.network.training import step_size
from scratchnoise.study import methods, plan, protocol, runner
from scratchnoise.study.job_claims import Claim
from scratchnoise.study.jobs import Job
from scratchnoise.study.results import ResultsFile

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])  # neither symmetric nor doubly stochastic
TINY = protocol.Preset("quick", 240, 60, 2, 2, 1, "MLR")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The quick preset, only smaller."""
    monkeypatch.setitem(protocol.PRESETS, "quick", TINY)


@pytest.fixture(scope="session")
def garments(tmp_path_factory):
    """240 garments in a file: drawing the 18,000 of the study takes seconds in every process."""
    return saved(tmp_path_factory.mktemp("data") / "garments.npz")


def saved(path, **changes):
    """The path of an .npz file with few garments."""
    drawn = data.make_garments(240, 60, random_state=1)
    arrays = {name: getattr(drawn, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    np.savez(path, **(arrays | changes))
    return str(path)


@pytest.fixture
def linear(tmp_path, garments):
    """A function that runs the linear methods into one folder."""

    def run(**changes):
        settings = {"data": garments, "methods": ("linear",), "noise": ("0.5",), "backend": "numpy"} | changes
        return runner.reproduce(tmp_path / "out", **settings)

    run.data = garments
    return run


@pytest.mark.slow
def test_every_linear_method_gives_one_row_a_repetition(linear):
    rows = linear()
    found = sorted((row["method"], row["repetition"]) for row in rows if row["accuracy"] is not None)
    assert found == sorted((name, r) for name in plan.GROUPS["linear"] for r in range(2))
    assert all(0 <= row["accuracy"] <= 1 and row["selection"] == "last epoch" for row in rows if row["accuracy"])


def test_a_second_run_adds_nothing_and_a_killed_one_goes_on(linear, tmp_path):
    first = linear(methods=("MLR", "rMLR"))
    path = tmp_path / "out" / "results.jsonl"
    whole = path.read_bytes()
    assert linear(methods=("MLR", "rMLR")) == first and path.read_bytes() == whole
    path.write_bytes(whole[: len(whole) * 2 // 3])  # killed in the middle of a line
    again = linear(methods=("MLR", "rMLR"))
    key = ("method", "repetition", "accuracy")
    assert sorted(tuple(r[k] for k in key) for r in again) == sorted(tuple(r[k] for k in key) for r in first)


@pytest.mark.slow
def test_processes_find_the_same_as_one(linear, tmp_path, garments):
    options = {"methods": ("linear",), "noise": ("0.5",), "backend": "numpy"}
    alone = {(r["method"], r["repetition"]): r["accuracy"] for r in linear(**options)}
    rows = runner.reproduce(tmp_path / "two", garments, **options, jobs=2)
    assert {(r["method"], r["repetition"]): r["accuracy"] for r in rows} == alone


def test_networks_record_their_epochs_and_history(tmp_path, garments):
    rows = runner.reproduce(
        tmp_path, garments, methods=("NN forward",), noise=("0.5",), backend=host_table(), repetitions=1
    )
    assert [row["epoch"] for row in rows] == [2]
    assert len(rows[0]["history"]["test_accuracy"]) == 2
    assert rows[0]["settings"]["loss"] == "forward"


def test_the_bar_ends_at_its_end(tmp_path, garments, monkeypatch):
    """A network moves it by epochs, and its end must not move it once more."""
    bars = []

    class Watched(runner.Progress):
        def __exit__(self, *error):
            bars.append((self.bar.n, self.bar.total))
            super().__exit__(*error)

    monkeypatch.setattr(runner, "Progress", Watched)
    wanted = ("NN", "MLR (steps)")
    runner.reproduce(tmp_path, garments, methods=wanted, noise=("0.5",), backend=host_table(), repetitions=1)
    ((moved, total),) = bars
    assert moved == pytest.approx(total)


def test_hidden_noise_is_told_to_nobody_but_the_score(linear, monkeypatch):
    told, fit = [], methods.RobustSoftmaxRegression.fit

    def listening(self, *arguments):
        told.append(np.asarray(self.T))
        return fit(self, *arguments)

    monkeypatch.setattr(methods.RobustSoftmaxRegression, "fit", listening)
    rows = linear(noise=("hidden",), methods=("rMLR",))
    estimates = [row["T_hat"] for row in rows if row["method"] == "T confident joint"]
    assert len(estimates) == 2 and len(told) == 2
    np.testing.assert_allclose(told, estimates, atol=1e-12)  # each repetition the estimate of its own draw
    assert np.abs(told[0] - np.asarray(protocol.noise.MNIST06)).max() > 1e-6


def test_a_repetition_draws_noise_subset_and_seed_once_for_all_methods(linear):
    """Paired comparisons need the same draw; honest deviations need another one next time."""
    first, again, other = (protocol.load_task("garments", "0.5", TINY, 0, draw) for draw in (1, 1, 2))
    for part in ("y_noisy", "chosen", "model_seed"):
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
        assert (np.asarray(getattr(first, part)) != np.asarray(getattr(other, part))).any(), part
    assert (first.x_train == other.x_train).all()
    jobs = [Job("garments", "0.5", method, 1, TINY, 0, "numpy") for method in ("MLR", "NN forward")]
    assert all(job.task is first for job in jobs)
    assert {(row["repetition"], row["draw"]) for row in linear(methods=("MLR",))} == {(0, 0), (1, 1)}


def test_nine_tenths_are_learnt_from_and_the_rest_left_out():
    task = protocol.load_task("garments", "0.6", TINY, 0, 3)
    assert len(task.chosen) == 216 and len(task.left_out) == 24
    assert sorted([*task.chosen, *task.left_out]) == list(range(240))


@pytest.mark.parametrize("steps_of", ["backward", "forward"])
def test_the_control_takes_the_steps_of_the_corrected_loss_and_not_its_gradient(steps_of):
    control = methods.METHODS[f"NN (steps of {steps_of})"].make(T, 0, 5)
    robust = methods.METHODS[f"NN {steps_of}"].make(T, 0, 5)
    shared = ("learning_rate", "weight_decay", "epochs", "batch_size", "momentum", "solver", "scaling")
    assert all(getattr(control, name) == getattr(robust, name) for name in shared)
    corrected = methods.STEPS_OF[steps_of](T)
    for progress in (0.0, 0.01, 0.5, 0.9):
        assert step_size("auto", control.loss, progress) == step_size("auto", corrected, progress)
    z = np.random.default_rng(0).normal(size=(5, 3))
    y = np.array([0, 1, 2, 1, 0])
    np.testing.assert_array_equal(control.loss.objective_grad(z, y), CrossEntropy().objective_grad(z, y))


def test_one_fit_serves_mlr_and_its_flipped_forms(monkeypatch):
    fits, fit = [], SoftmaxRegression.fit

    def counting(self, *arguments):
        fits.append(arguments)
        return fit(self, *arguments)

    monkeypatch.setattr(SoftmaxRegression, "fit", counting)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), np.arange(60) % 3
    first = methods.FittedOnce(l2=0.1).fit(X, y)
    flipped = methods.FlipCorrected(methods.FittedOnce(l2=0.1), T).fit(X, y)
    assert len(fits) == 1 and (flipped.estimator_.coef_ == first.coef_).all()
    for changed in ((X + 1, y), (X, 2 - y)):
        methods.FittedOnce(l2=0.1).fit(*changed)
    methods.FittedOnce(l2=0.2).fit(X, y)
    assert len(fits) == 4


def test_a_diverging_run_is_a_result(tmp_path, garments, monkeypatch):
    settings = {"loss": "backward", "risk": "raw", "learning_rate": 1e3}
    wild = methods.Method(methods.NeuralNetwork, "network", settings, needs_T=True)
    monkeypatch.setitem(methods.METHODS, "NN backward (raw)", wild)
    options = {"methods": ("NN backward (raw)",), "noise": ("0.6",), "backend": host_table(), "repetitions": 1}
    with np.errstate(all="ignore"):
        rows = runner.reproduce(tmp_path, garments, **options)
    assert rows[0]["accuracy"] is None and "no longer finite" in rows[0]["stopped"]
    assert runner.reproduce(tmp_path, garments, **options) == rows


def test_arrays_of_ones_own(tmp_path):
    drawn = data.make_garments(300, 60, random_state=1)
    np.savez(
        tmp_path / "mine.npz", x_train=drawn.x_train, y_train=drawn.y_train, x_test=drawn.x_test, y_test=drawn.y_test
    )
    np.save(tmp_path / "T.npy", T)
    options = {"methods": ("rMLR (tuned)",), "backend": "numpy", "repetitions": 1}
    rows = runner.reproduce(tmp_path / "out", str(tmp_path / "mine.npz"), noise=(str(tmp_path / "T.npy"),), **options)
    assert rows[0]["data"] == "mine.npz"
    np.testing.assert_allclose(rows[0]["T_true"], T)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("rMRL",)}, "did you mean 'rMLR'"),
        ({"noise": ("0.7",)}, "noise='0.7' is unknown"),
        ({"noise": ("uniform:0.9",)}, "rho=0.9 should lie between 0 and 0.5"),
        ({"noise": ("given",)}, "are clean"),
        ({"noise": ("given:hidden",)}, "T='hidden' is unknown"),
        ({"noise": ("given:given",)}, "T='given' is unknown"),
        ({"noise": ("given:0.7",)}, "T='0.7' is unknown; did you mean '0.6'"),
        ({"noise": ("nowhere.npy",)}, "noise='nowhere.npy' cannot be read"),
        ({"methods": ()}, "nothing to run"),
        ({"noise": ()}, "nothing to run"),
        ({"repetitions": 0}, "repetitions=0"),
        ({"jobs": -1}, "jobs=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"preset": "papr"}, "did you mean 'paper'"),
        ({"backend": "nunba"}, "did you mean 'numba'"),
        ({"data": "garmets"}, "garments"),
    ],
)
def test_wrong_names_are_refused_before_anything_is_written(linear, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        linear(**changes)
    assert not (tmp_path / "out").exists()


HUGE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }".ljust(117) + b"\n"
FILES = {
    "text": (b"hello", "is not an .npy file"),
    "8 TB": (b"\x93NUMPY\x01\x00" + len(HUGE).to_bytes(2, "little") + HUGE, "is not an .npy file"),
    "half an archive": (b"PK\x03\x04 and nothing else", "is not an .npy file"),
    "pickle": (np.array([{}, None]), "is not an .npy file"),
    "2 x 2": (np.eye(2), r"has shape \(2, 2\)"),
    "rows": (T.T, "from_rows"),
    "negative": (T - [[0.3], [0], [-0.3]], "T"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_holds_no_t_is_named_in_one_line(linear, tmp_path, name):
    content, message = FILES[name]
    path = tmp_path / "T.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(ValueError, match=rf"noise='.*T.npy'.*{message}") as caught:
        linear(noise=(str(path),))
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_another_seed_needs_another_folder(linear):
    linear(methods=("MLR",))
    with pytest.raises(ValueError, match="holds results of seed 0"):
        linear(methods=("MLR",), seed=1)


def test_another_content_under_an_old_name_is_refused_by_name(linear, tmp_path, monkeypatch):
    noise = str(tmp_path / "T.npy")
    np.save(noise, T)
    options = {"methods": ("rMLR (tuned)",), "noise": (noise,), "data": saved(tmp_path / "mine.npz")}
    first = linear(**options)
    drawn = data.make_garments(240, 60, random_state=2)
    saved(tmp_path / "mine.npz", x_train=drawn.x_train)
    protocol.load_data.cache_clear()
    protocol.data_hash.cache_clear()
    with pytest.raises(ValueError, match="other data under the name 'mine.npz'"):
        linear(**options)
    saved(tmp_path / "mine.npz")
    protocol.load_data.cache_clear()
    protocol.data_hash.cache_clear()
    assert linear(**options) == first
    np.save(noise, T[:, ::-1])
    with pytest.raises(ValueError, match="another matrix under the noise .*T.npy"):
        linear(**options)
    np.save(noise, T)
    with monkeypatch.context() as patch:
        patch.setitem(methods.METHODS["rMLR (tuned)"].settings, "l2", 0.5)
        with pytest.raises(ValueError, match="'rMLR \\(tuned\\)' with other settings"):
            linear(**options)
    with monkeypatch.context() as patch:
        patch.setattr("scratchnoise.study.jobs.__version__", "9.9")
        with pytest.raises(ValueError, match="holds results of version 0"):
            linear(**options)


def test_another_backend_runs_anew_and_its_own_rows_are_shown(linear, tmp_path):
    few = np.random.default_rng(0).random((300, 9))  # features: the loops take their time
    flat = saved(tmp_path / "rows.npz", x_train=few[:240], x_test=few[240:])
    first = linear(methods=("rMLR (tuned)",), data=flat)
    again = linear(methods=("rMLR (tuned)",), data=flat, backend="loops")
    assert {row["backend"] for row in first} == {"numpy"} and {row["backend"] for row in again} == {"loops"}
    assert len(again) == len(first) == 2


def test_a_job_whose_last_row_is_missing_is_run_again_and_its_other_rows_are_not_doubled(linear, tmp_path):
    first = linear(methods=("rMLR (learnt rates)",), repetitions=1)
    path = tmp_path / "out" / "results.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert [row["method"] for row in first] == ["rMLR (learnt rates)", "T rMLR"]
    path.write_bytes(lines[0])
    assert [
        (row["method"], row["accuracy"], row.get("T_hat"))
        for row in linear(methods=("rMLR (learnt rates)",), repetitions=1)
    ] == [(row["method"], row["accuracy"], row.get("T_hat")) for row in first]


def test_a_damaged_row_is_moved_aside_with_its_line_and_measured_again(linear, tmp_path, capsys):
    first = linear(methods=("MLR",))
    path = tmp_path / "out" / "results.jsonl"
    lines = path.read_text().splitlines()
    path.write_text(lines[0] + "\n" + lines[1].replace('"accuracy": 0', '"accuracy": 7') + "\n")
    again = linear(methods=("MLR",))
    assert "line 2: accuracy='7" in capsys.readouterr().err
    assert [row["accuracy"] for row in again] == [row["accuracy"] for row in first]


def test_a_method_that_cannot_run_is_a_row_and_the_study_goes_on(linear, tmp_path):
    singular = str(tmp_path / "S.npy")
    np.save(singular, [[0.5, 0.5, 0.1], [0.3, 0.3, 0.1], [0.2, 0.2, 0.8]])
    wanted = ("MLR (flipped, inverse)", "rMLR (tuned)", "NN forward")
    flat = saved(tmp_path / "rows.npz", x_train=np.random.default_rng(0).random((240, 9)), x_test=np.ones((60, 9)) / 2)
    rows = {row["method"]: row for row in linear(data=flat, noise=(singular,), methods=wanted, repetitions=1)}
    assert "SingularTransitionError" in rows["MLR (flipped, inverse)"]["stopped"]
    assert rows["rMLR (tuned)"]["accuracy"] is not None and not rows["rMLR (tuned)"].get("stopped")
    assert "needs images, the data has rows of 9 features" in rows["NN forward"]["stopped"]
    assert len(linear(data=flat, noise=(singular,), methods=wanted, repetitions=1)) == 3


@pytest.mark.slow
def test_labels_that_are_noisy_already_with_a_known_T(linear, tmp_path):
    """The assignment's own files: nothing is drawn, the methods are told T, and nobody has clean training labels."""
    drawn = data.make_garments(240, 60, random_state=1)
    path = tmp_path / "FashionMNIST0.5.npz"
    np.savez(path, Xtr=drawn.x_train, Str=drawn.y_train, Xts=drawn.x_test, Yts=drawn.y_test)
    task = protocol.load_task(str(path), "given:0.5", TINY, 0, 0)
    np.testing.assert_array_equal(np.asarray(task.T_known), np.asarray(protocol.noise.MNIST05))
    assert task.y_train is None and (task.y_noisy == drawn.y_train).all()
    rows = linear(data=str(path), noise=("given:0.5",), methods=("rMLR (tuned)", "clean"))
    assert {row["method"] for row in rows} == {"rMLR (tuned)", "MLR (clean)", "NN (clean)"}
    with pytest.raises(ValueError, match="noisy already"):
        linear(data=str(path), noise=("0.5",), methods=("MLR",))
    np.save(tmp_path / "T.npy", T)
    own = linear(data=str(path), noise=(f"given:{tmp_path / 'T.npy'}",), methods=("rMLR (tuned)",), repetitions=1)
    np.testing.assert_allclose(own[-1]["T_given"], T)
    blind = linear(data=str(path), noise=("given",), methods=("rMLR (tuned)",), repetitions=1)
    told = {row["method"]: row for row in blind if row["noise"] == "given"}
    assert told["rMLR (tuned)"]["T_given"] == told["T confident joint"]["T_hat"]
    assert told["rMLR (tuned)"]["T_true"] is None


@pytest.mark.slow
def test_a_network_that_was_killed_goes_on_in_the_middle_and_ends_with_the_same_rows(tmp_path, garments, monkeypatch):
    """The preset has 5 epochs; the run dies in the third, at the moment at which it has scored it."""
    monkeypatch.setitem(protocol.PRESETS, "quick", replace(TINY, epochs=5))
    options = {"data": garments, "methods": ("NN forward",), "noise": ("0.5",), "backend": host_table()}
    whole = runner.reproduce(tmp_path / "whole", repetitions=1, **options)
    scored, score = [], NeuralNetwork.score

    def counting(self, *arguments):
        scored.append(1)
        if len(scored) == 3:
            raise KeyboardInterrupt
        return score(self, *arguments)

    monkeypatch.setattr(NeuralNetwork, "score", counting)
    with pytest.raises(KeyboardInterrupt):
        runner.reproduce(tmp_path / "out", repetitions=1, **options)
    assert len(list((tmp_path / "out" / ".checkpoints").glob("*/*.npz"))) == 1
    rows = runner.reproduce(tmp_path / "out", repetitions=1, **options)
    assert len(scored) == 3 + 3, "the epochs 3, 4 and 5"
    assert [row["epoch"] for row in rows] == [2, 5]
    assert [without_seconds(row) for row in rows] == [without_seconds(row) for row in whole]
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)
    assert not list((tmp_path / "out" / ".checkpoints").iterdir())


def test_what_was_left_between_the_last_row_and_its_tidying_is_deleted(linear, tmp_path):
    options = {"methods": ("rMLR (tuned)",), "repetitions": 1}
    first = linear(**options)
    (job,) = plan.make_plan(linear.data, ("0.5",), options["methods"], "quick", 1, "numpy", 0)
    of_this, of_another = (tmp_path / "out" / ".checkpoints" / name for name in (job.key, "0" * 16))
    for folder in (of_this, of_another):
        folder.mkdir(parents=True)
        (folder / "epoch.npz").touch()
    (tmp_path / "out" / ".claims" / "0123456789abcdef.claim").touch()
    held = Claim(tmp_path / "out" / ".claims", "held by a program that is alive")
    assert held.take() and linear(**options) == first
    assert not of_this.exists() and of_another.exists()
    assert list((tmp_path / "out" / ".claims").iterdir()) == [held.path]
    held.release()


def without_seconds(row):
    return {name: value for name, value in row.items() if name != "seconds"}


@pytest.mark.slow
def test_two_programs_share_a_folder_and_double_nothing(tmp_path, garments):
    command = [
        sys.executable,
        "-m",
        "scratchnoise",
        "reproduce",
        "--data",
        garments,
        "--noise",
        "0.5",
        "--backend",
        "numpy",
    ]
    command += ["--methods", "rMLR (tuned),MLR (tuned),priors", "--repetitions", "6", "--out", str(tmp_path / "out")]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    assert [(program.communicate(timeout=200)[1] and program.returncode) for program in both] == [0, 0]
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert len(rows) == len({(row["method"], row["repetition"]) for row in rows}) == 18
    assert not list((tmp_path / "out" / ".claims").iterdir())


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_finds_the_rows_of_one_that_is_not(tmp_path, garments):
    """kill -9 at random moments after work has begun: none lost, none doubled, none changed."""
    options = [
        "--data",
        garments,
        "--noise",
        "0.5",
        "--backend",
        "numpy",
        "--methods",
        "rMLR (tuned),rMLR (learnt rates)",
    ]
    command = [sys.executable, "-m", "scratchnoise", "reproduce", *options, "--repetitions", "3", "--out"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, str(tmp_path / "whole")], check=True, **quiet)
    rng, path = np.random.default_rng(0), tmp_path / "killed" / "results.jsonl"
    for _ in range(3):
        before = path.stat().st_size if path.exists() else 0
        with subprocess.Popen([*command, str(tmp_path / "killed")], **quiet) as program:
            while program.poll() is None and (path.stat().st_size if path.exists() else 0) == before:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.5))
            program.kill()
    subprocess.run([*command, str(tmp_path / "killed")], check=True, **quiet)

    def found(folder):
        rows = ResultsFile(tmp_path / folder / "results.jsonl").rows()
        return sorted((row["method"], row["repetition"], str(row["accuracy"]), str(row.get("T_hat"))) for row in rows)

    assert found("killed") == found("whole") and len(found("whole")) == 9


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from scratchnoise.cli import main
sys.exit(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("method", profiles.thinned(["NN", "rMLR (tuned)"]))
def test_a_disk_that_is_full_is_one_line_that_names_the_file_and_the_rows_stay_whole(tmp_path, garments, method):
    """No file may have more than 4,000 bytes: the rows of a few jobs, and no checkpoint of a network."""
    out = tmp_path / "out"
    command = ["reproduce", "--data", garments, "--noise", "0.5", "--methods", method, "--repetitions", "9"]
    command += ["--backend", "numpy", "--out", str(out)]
    run = subprocess.run([sys.executable, "-c", LIMITED, "4000", *command], capture_output=True, text=True)
    assert run.returncode == 2 and "Traceback" not in run.stderr
    named = "results.jsonl' cannot be written" if method == "rMLR (tuned)" else "the checkpoint '"
    assert named in run.stderr.splitlines()[-1]
    before = ResultsFile(out / "results.jsonl").rows()
    assert (0 < len(before) < 9) if method == "rMLR (tuned)" else before == []
    if method == "rMLR (tuned)":
        subprocess.run([sys.executable, "-m", "scratchnoise", *command], check=True, capture_output=True)
        rows = ResultsFile(out / "results.jsonl").rows()
        assert rows[: len(before)] == before and len(rows) == 9


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written"):
        runner.reproduce(tmp_path / "file" / "out", methods=("MLR",), backend="numpy")


def test_results_say_what_made_them(linear, tmp_path):
    linear(methods=("MLR",))
    row = json.loads((tmp_path / "out" / "results.jsonl").read_text().splitlines()[0])
    for field in "data noise method repetition epoch accuracy seconds seed backend version".split():
        assert field in row
    assert ResultsFile(tmp_path / "out" / "results.jsonl").has(method="MLR", repetition=1)


def signatures():
    """How many kernels are compiled, each dtype by itself."""
    from scratchnoise.kernels import numba_table

    kernels = [getattr(f, "shared", f) for f in vars(numba_table).values()]
    return sum(len(f.signatures) for f in kernels if hasattr(f, "signatures"))


def test_after_warming_up_no_fit_compiles_anything(needs_compiled_numba):
    """The seconds in the rows are those of the fits."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 3
    images = rng.normal(size=(40, 32, 32, 3)).astype(np.float32)
    with backend("numba"):
        list(warm_up(LINEAR_BY_SGD))
        before = signatures()
        SoftmaxRegression(solver="sgd", l2=0, max_iter=2).fit(images[:, :2].reshape(40, -1), y)
        assert signatures() == before
        list(warm_up(LINEAR))
        before = signatures()
        for model in (SoftmaxRegression(max_iter=2), RobustSoftmaxRegression(T=None, max_iter=2)):
            model.fit(images[:, :2].reshape(40, -1), y).predict_proba(images[:, :2].reshape(40, -1))
        assert signatures() == before
        list(warm_up(NETWORKS))
        before = signatures()
        for loss in ("cross_entropy", "backward", "forward"):
            given = {} if loss == "cross_entropy" else {"T": T}
            NeuralNetwork(loss=loss, **given, epochs=1).fit(images, y).predict_proba(images)
        assert signatures() == before
