"""k-means and k nearest neighbours against scikit-learn's, and what wrong labels do to the one and the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from scratchnoise.models import KMeansClassifier, KNeighbors, kmeans, load, neighbours
from scratchnoise.models.conventions import ConvergenceWarning
from scratchnoise.noise import corrupt

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


class Light(KNeighbors):
    """Every sample counts as a hundredth of a neighbour."""

    def fit(self, X, y):
        """As KNeighbors."""
        return super().fit(X, y, np.full(len(X), 0.01))


@pytest.mark.parametrize("k", [1, 5, 20])
def test_neighbours_are_scikit_learns(k):
    X, y = load_breast_cancer(return_X_y=True)
    scale = StandardScaler().fit(X[::2])
    for scaling, Z in ((None, X), ("standard", scale.transform(X))):
        ours = KNeighbors(k, scaling=scaling).fit(X[::2], y[::2])
        theirs = KNeighborsClassifier(k).fit(Z[::2], y[::2])
        np.testing.assert_allclose(ours.predict_proba(X[1::2]), theirs.predict_proba(Z[1::2]))


@pytest.mark.parametrize("model", [KNeighbors(), KMeansClassifier(random_state=0)], ids=repr)
def test_units_decide_nothing_unless_features_are_taken_as_they_are(model, gaussians):
    X, y = gaussians
    other = X * np.array([1e3, *np.ones(X.shape[1] - 1)]) + 5
    p, moved = model.fit(X, y).predict_proba(X), model.fit(other, y).predict_proba(other)
    np.testing.assert_allclose(p, moved)
    as_they_are = type(model)(**model.get_params() | {"scaling": None})
    assert np.abs(as_they_are.fit(other, y).predict_proba(other) - moved).max() > 0.1
    with pytest.raises(ValueError, match="scaling='unit'"):
        model.set_params(scaling="unit").fit(X, y)
    model.set_params(scaling="standard")


def test_a_weight_is_a_number_of_neighbours(gaussians):
    X, y = gaussians
    times = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = KNeighbors(7).fit(X, y, times).predict_proba(X)
    repeated = KNeighbors(7).fit(np.repeat(X, times, 0), np.repeat(y, times)).predict_proba(X)
    assert np.abs(weighted - repeated).max() < 1e-9
    assert np.abs(weighted - KNeighbors(7).fit(X, y).predict_proba(X)).max() > 0.1


@given(
    arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 120)), elements=st.integers(-9, 9)),
    st.integers(1, 9),
)
def test_the_smallest_values_are_found(values, k):
    k = min(k, values.shape[1])
    columns = neighbours.smallest(values, k)
    assert all(len(set(row)) == k for row in columns.tolist())
    found = np.sort(np.take_along_axis(values, columns, axis=1), axis=1)
    np.testing.assert_array_equal(found, np.sort(values, axis=1)[:, :k])


def test_the_inertia_is_scikit_learns_and_never_rises():
    X, _ = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    weight, rng = np.ones(len(X)), np.random.default_rng(0)
    starts = [kmeans.spread_out(X, weight, 5, rng) for _ in range(10)]
    ends = [kmeans.lloyd(X, weight, start, 0, 300).inertia for start in starts]
    theirs = KMeans(5, n_init=10, random_state=0, tol=0).fit(X)
    assert min(ends) == pytest.approx(theirs.inertia_, rel=5e-3)
    for start in starts[:3]:
        path = [kmeans.lloyd(X, weight, start, 0, n).inertia for n in range(1, 9)]
        assert np.diff(path).max() <= 1e-9 and path[0] > path[-1]
        same = KMeans(5, init=start, n_init=1, tol=0, algorithm="lloyd").fit(X)
        assert kmeans.lloyd(X, weight, start, 0, 300).inertia == pytest.approx(same.inertia_)


def the_first_centres_are_drawn_by_squared_distance(spread_out):
    X, weight, rng = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 2.0, 1.0]), np.random.default_rng(0)
    pairs = [spread_out(X, weight, 2, rng)[:, 0] for _ in range(4000)]
    after_zero = [b for a, b in pairs if a == 0]
    # odds 2 x 1 for the sample at 1 and 1 x 9 for the one at 3, which leaves less unless both of two draws miss it;
    # by distance alone the odds were 2 to 3, and one draw would find it in 9 cases of 11
    assert np.mean([b == 3 for b in after_zero]) == pytest.approx(1 - (2 / 11) ** 2, abs=0.025)
    assert np.mean([a == 1 for a, _ in pairs]) == pytest.approx(0.5, abs=0.03)


def spread_by(odds_of, tries=2):
    """k-means++ of two centres, the second drawn with these odds(weight, distance), the better of `tries`."""

    def spread_out(X, weight, n_clusters, rng):
        first = rng.choice(len(X), p=weight / weight.sum())
        odds = odds_of(weight, abs(X[:, 0] - X[first, 0]))
        drawn = rng.choice(len(X), tries, p=odds / odds.sum())
        left = [weight @ ((X - X[[first, second]].T) ** 2).min(axis=1) for second in drawn]
        return X[[first, drawn[np.argmin(left)]]]

    return spread_out


def test_the_first_centres_are_drawn_by_squared_distance():
    the_first_centres_are_drawn_by_squared_distance(kmeans.spread_out)
    the_first_centres_are_drawn_by_squared_distance(spread_by(lambda weight, far: weight * far**2))


WRONG_SPREADS = {
    "by distance, not squared": spread_by(lambda weight, far: weight * far),
    "uniform": spread_by(lambda weight, far: weight),
    "without weights": spread_by(lambda weight, far: far**2),
    "one candidate": spread_by(lambda weight, far: weight * far**2, tries=1),
    "always the farthest": spread_by(lambda weight, far: (far == far.max()).astype(float)),
}


@pytest.mark.parametrize("what", WRONG_SPREADS)
def test_wrong_first_centres_are_rejected(what):
    with pytest.raises(AssertionError):
        the_first_centres_are_drawn_by_squared_distance(WRONG_SPREADS[what])


def lloyd_is_its_two_steps(lloyd):
    """Each round: samples to the nearest centre, centres to the weighted means; the inertia never rises."""
    rng = np.random.default_rng(2)
    X, weight = rng.normal(size=(80, 2)), rng.uniform(0.2, 3, 80)
    centres = X[:4]
    path = []
    for rounds in range(1, 8):
        found = lloyd(X, weight, X[:4], 0, rounds)
        distance = ((X[:, None] - centres) ** 2).sum(axis=-1)
        path.append(weight @ distance.min(axis=1))
        assert found.inertia == pytest.approx(path[-1])
        near = distance.argmin(axis=1)
        centres = np.stack([np.average(X[near == k], axis=0, weights=weight[near == k]) for k in range(4)])
        np.testing.assert_allclose(found.centres, centres)
    assert np.diff(path).max() <= 1e-9


def lloyd_with(move):
    """Lloyd's algorithm whose centres go where move(samples, weights, centre) says."""

    def lloyd(X, weight, centres, tol, max_iter):
        for _ in range(max_iter):
            distance = ((X[:, None] - centres) ** 2).sum(axis=-1)
            near = distance.argmin(axis=1)
            centres = np.stack([move(X[near == k], weight[near == k], c) for k, c in enumerate(centres)])
        return kmeans.Clusters(centres, near, weight @ distance.min(axis=1), max_iter, False)

    return lloyd


WRONG_LLOYDS = {
    "without weights": lloyd_with(lambda x, w, centre: x.mean(axis=0)),
    "medians": lloyd_with(lambda x, w, centre: np.median(x, axis=0)),
    "twice the way": lloyd_with(lambda x, w, centre: 2 * np.average(x, axis=0, weights=w) - centre),
    "half the way": lloyd_with(lambda x, w, centre: (np.average(x, axis=0, weights=w) + centre) / 2),
}


def test_lloyd_is_its_two_steps():
    lloyd_is_its_two_steps(kmeans.lloyd)
    lloyd_is_its_two_steps(lloyd_with(lambda x, w, centre: np.average(x, axis=0, weights=w)))


@pytest.mark.parametrize("what", WRONG_LLOYDS)
def test_wrong_rounds_of_lloyd_are_rejected(what):
    with pytest.raises(AssertionError):
        lloyd_is_its_two_steps(WRONG_LLOYDS[what])


def the_nearest_k_vote(proba):
    """Six samples on a line, counted by hand; of two classes with one vote each the first is predicted."""
    X, y = np.array([[0.0], [1], [2], [3], [7], [8]]), np.array([2, 1, 1, 0, 0, 2])
    x = np.array([[0.4], [2.6], [7.9]])
    np.testing.assert_allclose(proba(X, y, 3, x), [[0, 2 / 3, 1 / 3], [1 / 3, 2 / 3, 0], [2 / 3, 0, 1 / 3]])
    tied = proba(X, y, 2, x)
    np.testing.assert_allclose(tied, [[0, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5]])
    np.testing.assert_array_equal(tied.argmax(axis=1), [1, 0, 0])
    np.testing.assert_allclose(proba(X, y, 1, x), np.eye(3)[[2, 0, 2]])


def votes_of(power=2, more=0, weigh=lambda far: np.ones_like(far)):
    """k nearest neighbours with another distance, number or vote."""

    def proba(X, y, k, x):
        far = abs(x - X.T) ** power
        near = np.argsort(far, axis=1, kind="stable")[:, : k + more]
        votes = weigh(np.take_along_axis(far, near, axis=1))[:, :, None] * np.eye(3)[y[near]]
        return votes.sum(axis=1) / votes.sum(axis=(1, 2))[:, None]

    return proba


WRONG_VOTES = {
    "one neighbour more": votes_of(more=1),
    "votes by the distance": votes_of(weigh=lambda far: 1 / (far + 0.1)),
    "the farthest": votes_of(power=-1),
    "smoothed": lambda X, y, k, x: (k * votes_of()(X, y, k, x) + 1) / (k + 3),
}


def test_the_nearest_k_vote():
    the_nearest_k_vote(lambda X, y, k, x: KNeighbors(k).fit(X, y).predict_proba(x))
    the_nearest_k_vote(votes_of())
    X, y = np.array([[0.0], [1], [2], [3], [7], [8]]), np.array([2, 1, 1, 0, 0, 2])
    np.testing.assert_array_equal(KNeighbors(2).fit(X, y).predict([[0.4], [2.6], [7.9]]), [1, 0, 0])


@pytest.mark.parametrize("what", WRONG_VOTES)
def test_wrong_votes_are_rejected(what):
    with pytest.raises(AssertionError):
        the_nearest_k_vote(WRONG_VOTES[what])


def test_wrong_labels_move_neighbours_but_not_clusters(gaussians):
    X, y = gaussians
    y_noisy = corrupt(y, T, 0)
    clusters, clean = (KMeansClassifier(random_state=0).fit(X, labels) for labels in (y_noisy, y))
    np.testing.assert_array_equal(clusters.predict(X), clean.predict(X))
    assert clusters.score(X, y) > 0.95
    assert KNeighbors(1).fit(X, y_noisy).score(X, y) == pytest.approx((y_noisy == y).mean())
    assert KNeighbors(61).fit(X, y_noisy).score(X, y) > 0.9


def test_a_handful_of_labels_names_the_clusters(gaussians):
    X, y = gaussians
    model = KMeansClassifier(n_labels=5, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95 and np.all(model.names_ * 5 == np.round(model.names_ * 5))


@pytest.mark.parametrize("model", [KNeighbors(), KMeansClassifier(random_state=0)], ids=repr)
def test_a_model_comes_back_from_a_file(model, gaussians, tmp_path):
    X, y = gaussians
    model.fit(X, np.array(["cat", "ant", "bee"])[y]).save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load(tmp_path / "model.npz").predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (KNeighbors(0), "n_neighbors=0 should be"),
        (KNeighbors(13), "n_neighbors=13 is more than the number of samples, 12"),
        (Light(), "n_neighbors=5 is more than the total weight of the samples, 0.12"),
        (KMeansClassifier(n_clusters=0), "n_clusters=0 should be"),
        (KMeansClassifier(n_labels=-1), "n_labels=-1 should be"),
        (KMeansClassifier(n_init=1.5), "n_init=1.5 should be"),
        (KMeansClassifier(tol=-1), "tol=-1 should be"),
    ],
    ids=repr,
)
def test_settings_that_do_not_fit_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", [KNeighbors(1), KMeansClassifier(n_init=2, random_state=0)], ids=repr)
def test_check_estimator(model):
    """All but one: k-means++ draws samples, so weights are not repetitions."""
    draws = {"check_sample_weight_equivalence_on_dense_data": "draws"}
    excused = draws if isinstance(model, KMeansClassifier) else {}
    results = check_estimator(model, on_fail=None, on_skip=None, expected_failed_checks=excused)
    failed = {
        r["check_name"]: str(r["exception"]) for r in results if r["status"] not in ("passed", "skipped", "xfail")
    }
    assert failed == {} and len(results) > 40


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weight_is_so_many_neighbours_to_the_last_digit(dtype):
    """The mutant keeps the rounding of a mean in it, which decides between equal votes."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        X, y, weight = rng.normal(size=(12, 2)).astype(dtype), np.arange(12) % 3, rng.integers(1, 4, 12)
        asked = rng.normal(size=(20, 2)).astype(dtype)
        ours = KNeighbors(4, scaling=None).fit(X, y, sample_weight=weight).predict_proba(asked)
        copies = KNeighbors(4, scaling=None).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
        np.testing.assert_array_equal(ours, copies.predict_proba(asked))


def test_too_few_rounds_of_k_means_warn():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 2)), np.arange(200) % 3
    with pytest.warns(ConvergenceWarning, match="max_iter=1"):
        KMeansClassifier(max_iter=1, random_state=0).fit(X, y)


def test_the_nearest_cluster_of_a_sample_far_away():
    """Far from all centres the squares of the distances are equal, but for what rounding hides."""
    X, y = np.repeat([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 5, axis=0), np.repeat([0, 1, 2], 5)
    model = KMeansClassifier(scaling=None, random_state=0).fit(X, y)
    for far in (1e9, 1e17, 1e30):
        np.testing.assert_array_equal(model.predict([[far, 0], [0, far], [-far, -far]]), [1, 2, 0])
