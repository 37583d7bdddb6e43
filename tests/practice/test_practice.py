"""The comparisons end to end on small data, what a killed run leaves, and the numbers that their claims rest on."""

import json
import warnings

import numpy as np
import profiles
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from scratchnoise.network.training import TrainingDiverged
from scratchnoise.practice import clean, noisy, page, peers, session, speed
from scratchnoise.practice.__main__ import main, parser
from scratchnoise.practice.datasets import BASES, SCALES, Split, base, split
from scratchnoise.practice.fits import fitted, objective, optimum, reached
from scratchnoise.practice.tables import scores, standard_error, unique
from scratchnoise.transition import IllConditionedTransitionWarning

SMALL = {  # command -> what of it runs in a second or two, and the number of its rows with two draws
    "clean": (("iris", "wine", "raw", "standardised"), 16),
    "noisy": (("breast cancer", "imbalanced 1:100", "absorbed 40 %", *list(noisy.METHODS)[:-1]), 32),
    "networks": (("digits 1000", "standardised", "MLPClassifier", "NeuralNetwork"), 8),
    "time": (("300 x 6, 3 classes", "300 x 8, 4 classes"), 20),
    "peers": (("breast cancer",), 32),
}


@pytest.fixture(autouse=True)
def threads(monkeypatch):
    """Small data sets to time, and the numbers of threads that commands ask for: here they must not be set."""
    asked = []
    monkeypatch.setattr("scratchnoise.practice.__main__.limit_threads", asked.append)
    monkeypatch.setattr(speed, "SHAPES", {"300 x 6, 3 classes": (300, 6, 3), "300 x 8, 4 classes": (300, 8, 4)})
    return asked


@pytest.fixture
def run(tmp_path):
    """A function that runs a comparison, or a part of it, into one file."""
    path = tmp_path / "folder" / "rows.jsonl"

    def run(command, only=None, draws=2):
        return session.run(command, path, draws, SMALL[command][0] if only is None else only)

    run.path = path
    return run


@pytest.mark.parametrize("command", profiles.thinned(SMALL))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_comparison_has_every_row_once_and_is_not_measured_again(run, command, monkeypatch, capsys):
    rows = run(command)
    printed = capsys.readouterr().out
    assert len(rows) == SMALL[command][1] == len({tuple(job(row)) for row in rows})
    assert all(0 < row["accuracy"] <= 1 and row["stopped"] is None and row["seconds"] > 0 for row in rows)
    assert all(row["base"] in printed for row in rows) or command == "networks"
    assert all(row["method"] in printed for row in rows) or command == "clean"
    monkeypatch.setattr(session.COMPARISONS[command], "measure", None)
    before = run.path.read_bytes()
    assert run(command) == rows and run.path.read_bytes() == before
    assert capsys.readouterr().out == printed


def test_the_command_line_offers_every_comparison():
    assert [parser().parse_args([name]).command for name in session.COMPARISONS] == list(SMALL)


def test_timings_have_two_threads_and_the_others_one(threads):
    for command in SMALL:
        main([command, "--only", "nothing of this name"])
    assert threads == [1, 1, 1, 2, 1]


def job(row):
    return [row[name] for name in ("data", "noise", "method", "repetition")]


def test_a_killed_run_goes_on(run):
    first = run("clean")
    whole = run.path.read_bytes()
    run.path.write_bytes(whole[: len(whole) * 2 // 3])  # in the middle of a line
    again = run("clean")
    assert [(*job(row), row["accuracy"]) for row in again] == [(*job(row), row["accuracy"]) for row in first]
    assert len(run.path.read_text().splitlines()) == len(first)


def test_an_interrupted_command_keeps_its_rows(run, monkeypatch, capsys):
    arguments = ["clean", "--out", str(run.path), "--only", "iris", "raw"]
    measure = clean.measure

    def interrupted(job, rows):
        if rows:
            raise KeyboardInterrupt
        return measure(job, rows)

    monkeypatch.setattr(clean, "measure", interrupted)
    assert main(arguments) == 1 and "goes on from here" in capsys.readouterr().err
    assert len(run.path.read_text().splitlines()) == 1
    monkeypatch.setattr(clean, "measure", measure)
    assert main(arguments) == 0 and "iris, raw" in capsys.readouterr().out
    assert [json.loads(line)["method"] for line in run.path.read_text().splitlines()] == list(clean.METHODS)


@pytest.mark.slow
def test_the_optimum_of_a_timed_data_set_is_found_once(run, monkeypatch):
    found = []
    target = {"optimum": 0.5, "tols": {speed.THEIRS: 1e-4, speed.OURS: 1e-4}}
    monkeypatch.setattr(speed, "find_target", lambda data, l2: found.append(l2) or target)
    rows = run("time")
    assert found == [1 / 300, 1 / 300] and {row["optimum"] for row in rows} == {0.5}


def test_wrong_names_and_numbers_are_refused(run, capsys):
    with pytest.raises(ValueError, match="only='iri' is unknown; did you mean 'iris'"):
        run("clean", only=["iri"])
    with pytest.raises(ValueError, match="draws=0 should be a whole number of at least 1"):
        run("clean", draws=0)
    assert main(["clean", "--out", str(run.path), "--only", "iri"]) == 2 and "did you mean" in capsys.readouterr().err
    with pytest.raises(ValueError, match="leaves nothing to measure"):
        run("networks", only=["none", "NeuralNetwork, forward"])
    assert not run.path.exists()


def test_without_scikit_learn_the_command_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr("scratchnoise.practice.__main__.find_spec", lambda name: None)
    assert main(["clean"]) == 2 and "need scikit-learn" in capsys.readouterr().err


def test_a_missing_peer_is_left_out_and_said(run, monkeypatch, capsys):
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    rows = run("noisy", only=["breast cancer", "random", "CleanLearning", "LogisticRegression"], draws=1)
    assert [row["method"] for row in rows] == ["LogisticRegression"]
    assert "CleanLearning is left out: cleanlab is not installed" in capsys.readouterr().err


def test_cleanlab_has_rows_where_it_is_installed(run):
    pytest.importorskip("cleanlab")
    (row,) = run("noisy", only=["breast cancer", "absorbed 40 %", "CleanLearning"], draws=1)
    assert row["accuracy"] > 0.7 and row["stopped"] is None


def test_a_pair_is_compared_draw_by_draw(run):
    rows = run("peers", only=["breast cancer", "KNeighbors", "KNeighborsClassifier", "AdaBoost"])
    found = peers.compared(rows, "breast cancer", "KNeighbors", "KNeighborsClassifier")
    assert found["ours"] == found["theirs"] and found["difference"].mean == 0 and found["seconds"] > 0
    own = [row["accuracy"] for row in rows if row["method"] == "KNeighborsClassifier"]
    assert found["error"] == pytest.approx(standard_error(own))
    assert peers.compared(rows, "breast cancer", "AdaBoost", "AdaBoostClassifier") is None


def peer_rows(seconds, accuracy):
    """Rows of EM, of EM told T = I and of their peer in four splits; the first two as given."""
    runs = {peers.LEARNT[0]: (accuracy, seconds), peers.TOLD: (0.9, 1.0), peers.LEARNT[1]: (0.9, 1.0)}
    return [
        {"base": "d", "method": method, "repetition": k, "accuracy": a + 0.01 * k, "seconds": s * (k + 1)}
        for k in range(4)
        for method, (a, s) in runs.items()
    ]


def test_a_row_misses_its_bars_by_seconds_and_by_accuracy():
    """Bars: one standard error below theirs, 1.5 times their seconds; at the bar is no miss."""
    pair = ("d", *peers.LEARNT)
    assert peers.misses(peer_rows(1.5, 0.9)) == ({}, 2)
    assert peers.misses(peer_rows(1.6, 0.9))[0] == {pair: "1.6 x"}
    error = np.std([0, 0.01, 0.02, 0.03], ddof=1) / 2
    assert peers.misses(peer_rows(1.0, 0.9 - 0.99 * error))[0] == {}
    assert peers.misses(peer_rows(4.0, 0.88))[0] == {pair: "4.0 x and -0.020"}
    assert peers.compared(peer_rows(1, 0.9), *pair)["least"] == pytest.approx(0.915 - error)


def test_the_page_says_why_only_where_the_rows_do():
    assert "None of 2 rows" in page._missed(peer_rows(1.0, 0.9))
    why = "EM takes one step too, and misses nothing"
    assert why in page._missed(peer_rows(4.0, 0.9))
    slow = [{**row, "seconds": row["seconds"] * (4 if row["method"] == peers.TOLD else 1)} for row in peer_rows(4, 0.9)]
    assert why not in page._missed(slow) and "2 of 2 rows miss a bar" in page._missed(slow)


def test_clusters_are_named_by_most_of_their_samples():
    X, y = np.array([[0.0], [0.1], [0.2], [5.0], [5.1]]), np.array([0, 0, 1, 1, 1])
    named = peers.Named(KMeans(2, n_init=1, random_state=0)).fit(X, y)
    assert named.predict(X).tolist() == [0, 0, 0, 1, 1]


def test_every_method_of_a_draw_gets_the_same_labels(monkeypatch):
    seen = []

    def method(*given):
        seen.append(given)
        return LogisticRegression()

    monkeypatch.setattr(noisy, "METHODS", dict.fromkeys("ab", method))
    for name, draw in (("a", 0), ("b", 0), ("a", 1)):
        noisy.measure(session.Job("digits", "standardised", "random", name, draw), [])
    first, second, redrawn = seen
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert not any(np.array_equal(one, other) for one, other in zip(first, redrawn, strict=True))


@pytest.mark.parametrize("C", [2, 3, 10])
def test_noise_can_be_undone_and_keeps_the_right_label_most_frequent(C):
    for name, draw in noisy.NOISES.items():
        T = np.asarray(draw(C, np.random.default_rng(0)))
        assert (T.argmax(axis=0) == np.arange(C)).all() and np.linalg.cond(T) < 100, name
        np.testing.assert_allclose(T.sum(axis=0), 1)
    assert noisy.absorbed(3, 0.4)[:, 0].tolist() == [0.6, 0.4, 0]


def test_data_sets_are_many_and_their_scales_differ():
    assert len(BASES) * len(SCALES) >= 20
    classes = {name: len(np.unique(base(name)[1])) for name in BASES}
    assert min(classes.values()) == 2 and max(classes.values()) == 100
    raw, shifted = split("wine", "raw", 0), split("wine", "+ 10", 0)
    np.testing.assert_allclose(shifted.X_test, raw.X_test + 10)
    X = split("wine and a constant", "standardised", 0).X
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(X.std(axis=0), [1] * 13 + [0], atol=1e-9)
    assert (base("text 5 classes")[0] == 0).mean() > 0.85


# --- the objective -----------------------------------------------------------------------------------------


class Linear:
    """What a fitted linear model shows of itself."""

    def __init__(self, coef, intercept):
        self.coef_, self.intercept_ = coef, intercept


def test_scikit_learn_reaches_our_optimum_and_a_change_of_units_does_not_matter():
    data, l2 = split("wine", "standardised", 0), 0.01
    peer = LogisticRegression(C=1 / (l2 * len(data.y)), tol=1e-10, max_iter=10_000).fit(data.X, data.y)
    units, shift = np.geomspace(1e-3, 1e3, 13), np.linspace(-5, 5, 13)
    X = data.X * units + shift
    coef = peer.coef_ / units
    model = Linear(coef, peer.intercept_ - coef @ shift)
    assert reached(model, X, data.y, l2) == pytest.approx(optimum(X, data.y, l2), rel=1e-9)
    raw_penalty = objective(model.coef_.T, model.intercept_, X, data.y, l2)[0]
    assert abs(raw_penalty / optimum(X, data.y, l2) - 1) > 1e-2
    worse = Linear(1.01 * coef, model.intercept_)
    assert reached(worse, X, data.y, l2) > (1 + 1e-6) * optimum(X, data.y, l2)


def test_the_gradient_of_the_objective():
    rng = np.random.default_rng(0)
    W, b, X, y = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(9, 4)), rng.integers(3, size=9)
    scale, V, v, h = rng.uniform(0.5, 2, (4, 1)), rng.normal(size=(4, 3)), rng.normal(size=3), 1e-6
    above, below = (objective(W + s * V, b + s * v, X, y, 0.3, scale)[0] for s in (h, -h))
    _, dW, db = objective(W, b, X, y, 0.3, scale)
    assert (above - below) / (2 * h) == pytest.approx(np.sum(dW * V) + db @ v, rel=1e-8)


# --- rows and tables ---------------------------------------------------------------------------------------


def test_a_fit_shows_its_warnings_and_its_error():
    data = Split(np.zeros((2, 1)), np.array([0, 1]), np.zeros((4, 1)), np.array([0, 1, 1, 1]))

    class One:
        def predict(self, X):
            return np.ones(len(X), int)

    def warning():
        warnings.warn("ours", IllConditionedTransitionWarning, stacklevel=2)
        warnings.warn("another's", UserWarning, stacklevel=2)
        return One()

    def failing():
        raise TrainingDiverged("too long a step", 1, 0, [])

    model, fields = fitted(warning, data)
    assert isinstance(model, One) and fields["accuracy"] == 0.75 and fields["stopped"] is None
    assert fields["warnings"] == {"scratchnoise.IllConditionedTransitionWarning": 1, "builtins.UserWarning": 1}
    model, fields = fitted(failing, data)
    assert model is None and fields["accuracy"] is None and fields["stopped"] == "TrainingDiverged: too long a step"


def noisy_row(method, base, draw, accuracy, warned=False):
    names = {"method": method, "base": base, "data": f"{base}, standardised", "noise": "random", "repetition": draw}
    return names | {"accuracy": accuracy, "warnings": {"scratchnoise.W": 1} if warned else {"sklearn.W": 1}}


def test_differences_are_paired_by_draw():
    plain = [
        noisy_row("LogisticRegression", *cell) for cell in (("a", 0, 0.5), ("a", 1, 0.9), ("b", 0, 0.8), ("b", 1, 0.8))
    ]
    ours = [noisy_row("ours", "a", 0, 0.6), noisy_row("ours", "a", 1, 1.0), noisy_row("ours", "b", 1, 0.7)]
    ours.insert(2, noisy_row("ours", "b", 0, None, warned=True))
    line = noisy._line(plain + ours, "ours")
    # a: +0.1 +0.1; b: -0.8, an error that warned, and -0.1 without a word
    assert line == ("ours", "0.575", "0.2750", "-0.175", "0.1750", "1", "1", "1", "-0.450", "1")
    assert unique(plain, "base") == ["a", "b"] and scores(plain + ours, "ours").tolist() == [[0.6, 1.0], [0.0, 0.7]]
    assert np.isnan(standard_error(np.array([0.5])))


@pytest.mark.parametrize(
    ("gap", "warning", "failures"), [(1e-7, {}, 0), (1e-5, {}, 2), (1e-5, {"scratchnoise.W": 1}, 1)]
)
def test_claims_about_the_optimum_can_fail(capsys, gap, warning, failures):
    common = {"data": "iris, raw", "noise": "none", "repetition": 0, "accuracy": 0.9, "stopped": None}
    rows = [common | {"method": clean.PLAIN, "warnings": {}}]
    rows += [common | {"method": clean.OURS, "warnings": warning, "gap": gap}]
    clean.print_tables(rows)
    assert capsys.readouterr().out.count("FAILS") == failures
    rows[1]["accuracy"] = 0.85
    clean.print_tables(rows)
    assert capsys.readouterr().out.count("FAILS") == failures + 3  # both means and the worst difference
