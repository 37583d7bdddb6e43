"""Right labels: the models that scikit-learn has too, beside its own, on the same splits with one thread each.

The seconds are those of a fit and of the predictions for the test part, because k nearest neighbours only work then.
scikit-learn has no EM for wrong labels. Beside ours stand discriminant analysis, which is what it becomes where no
label is wrong, and GaussianMixture, the EM without labels, started at the means of the classes.
"""

import statistics

import numpy as np

from ..models import AdaBoost, Bagging, DecisionTree, KMeansClassifier, KNeighbors, LabelNoiseEM
from ..study.statistics import compare
from .datasets import split
from .fits import fitted
from .tables import number, print_table, standard_error, unique, verdict

DRAWS = 30
BASES = ("digits", "breast cancer", "made 5 classes")
WARM = 200  # samples of an untimed fit, which compiles
MEMBERS, TREES = 25, 100
RIDGE = LabelNoiseEM().ridge
PAIRS = (  # ours, theirs
    ("DecisionTree", "DecisionTreeClassifier"),
    ("Bagging", "BaggingClassifier"),
    ("Bagging, forest", "RandomForestClassifier"),
    ("AdaBoost", "AdaBoostClassifier"),
    ("KMeansClassifier", "KMeans, named"),
    ("KNeighbors", "KNeighborsClassifier"),
    ("LabelNoiseEM, T = I", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM", "GaussianMixture"),
)
METHODS = tuple(dict.fromkeys(method for ours, theirs in PAIRS for method in (theirs, ours)))
MOST_SECONDS = {"DecisionTree": 2.0, "Bagging": 2.0, "Bagging, forest": 2.0}  # times theirs
MOST_OTHERS = 1.5
TOLD = "LabelNoiseEM, T = I"
LEARNT = ("LabelNoiseEM", "QuadraticDiscriminantAnalysis")


class Named:
    """A clustering of scikit-learn whose clusters are named by the label that most of their samples have."""

    def __init__(self, clusters):
        self.clusters = clusters

    def fit(self, X, y):
        """X (N, D), y (N,) in 0..C-1."""
        found = self.clusters.fit(X).labels_
        self.names = np.array([np.bincount(y[found == k]).argmax() for k in range(found.max() + 1)])
        return self

    def predict(self, X):
        """(N, D) -> (N,)."""
        return self.names[self.clusters.predict(X)]


class StartedAtClasses:
    """GaussianMixture with a component for each class, started at its mean."""

    def fit(self, X, y):
        """X (N, D), y (N,) in 0..C-1."""
        from sklearn.mixture import GaussianMixture

        means = np.stack([X[y == j].mean(axis=0) for j in range(y.max() + 1)])
        settings = {"reg_covar": RIDGE, "tol": LabelNoiseEM().tol, "max_iter": LabelNoiseEM().max_iter}
        self.predict = GaussianMixture(len(means), means_init=means, **settings).fit(X).predict
        return self


def plan():
    """(data, scale, noise, method) of every measurement of one draw, in which all methods take turns."""
    return [(data, "standardised", "none", method) for data in BASES for method in METHODS]


def measure(job, rows):
    """The fields of one row: a draw decides the split and the seed."""
    data = split(job.data, job.scale, job.draw)
    C = data.y.max() + 1
    fitted(lambda: _model(job.method, C, job.draw).fit(data.X[:WARM], data.y[:WARM]), data)
    return fitted(lambda: _used(_model(job.method, C, job.draw), data), data)[1]


def _used(model, data):
    model.fit(data.X, data.y)
    model.predict(data.X_test)
    return model


def _model(method, C, seed):
    from sklearn import cluster, discriminant_analysis, ensemble, neighbors, tree

    return {
        "DecisionTree": lambda: DecisionTree(random_state=seed),
        "DecisionTreeClassifier": lambda: tree.DecisionTreeClassifier(random_state=seed),
        "Bagging": lambda: Bagging(n_estimators=MEMBERS, random_state=seed),
        "BaggingClassifier": lambda: ensemble.BaggingClassifier(n_estimators=MEMBERS, random_state=seed),
        "Bagging, forest": lambda: Bagging(DecisionTree(max_features="sqrt"), n_estimators=TREES, random_state=seed),
        "RandomForestClassifier": lambda: ensemble.RandomForestClassifier(TREES, random_state=seed),
        "AdaBoost": lambda: AdaBoost(random_state=seed),
        "AdaBoostClassifier": lambda: ensemble.AdaBoostClassifier(random_state=seed),
        "KMeansClassifier": lambda: KMeansClassifier(2 * C, random_state=seed),
        "KMeans, named": lambda: Named(cluster.KMeans(2 * C, n_init=KMeansClassifier().n_init, random_state=seed)),
        "KNeighbors": KNeighbors,
        "KNeighborsClassifier": neighbors.KNeighborsClassifier,
        "LabelNoiseEM, T = I": lambda: LabelNoiseEM(np.eye(C)),
        "LabelNoiseEM": LabelNoiseEM,
        "QuadraticDiscriminantAnalysis": lambda: discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=RIDGE),
        "GaussianMixture": StartedAtClasses,
    }[method]()


def compared(rows, data, ours, theirs):
    """{"ours", "theirs", "error" of their mean, "difference", paired, "seconds", a median ratio, and both bars}.

    "least": one standard error below theirs; "most": times their seconds. None without rows.
    """
    found = [{r["repetition"]: r for r in rows if (r["base"], r["method"]) == (data, name)} for name in (ours, theirs)]
    draws = sorted(found[0].keys() & found[1].keys())
    if not draws:
        return None
    accuracy = [{draw: own[draw]["accuracy"] or 0.0 for draw in draws} for own in found]
    their_mean, error = np.mean(list(accuracy[1].values())), standard_error(list(accuracy[1].values()))
    return {
        "ours": np.mean(list(accuracy[0].values())),
        "theirs": their_mean,
        "error": error,
        "least": their_mean - error,
        "most": MOST_SECONDS.get(ours, MOST_OTHERS),
        "difference": compare(*accuracy),
        "seconds": statistics.median(found[0][draw]["seconds"] / found[1][draw]["seconds"] for draw in draws),
    }


def misses(rows):
    """{(data, ours, theirs): by how much it misses its bars, a text} of every row that does, and how many rows are."""
    missed, count = {}, 0
    for data in unique(rows, "base"):
        for ours, theirs in PAIRS:
            found = compared(rows, data, ours, theirs)
            if not found:
                continue
            count += 1
            texts = [f"{found['seconds']:.1f} x"] if found["seconds"] > found["most"] else []
            texts += [f"{found['ours'] - found['theirs']:+.3f}"] if found["ours"] < found["least"] else []
            if texts:
                missed[data, ours, theirs] = " and ".join(texts)
    return missed, count


def print_tables(rows):
    """Accuracy and seconds of every pair on every data set; then the claims."""
    for data in unique(rows, "base"):
        lines = []
        for ours, theirs in PAIRS:
            found = compared(rows, data, ours, theirs)
            if not found:
                continue
            texts = [number(found[name]) for name in ("ours", "theirs")]
            ratio, most = found["seconds"], found["most"]
            texts += [str(found["difference"]), number(found["error"], ".4f"), number(ratio, ".2f")]
            lines.append((ours, theirs, *texts))
            gain = found["ours"] - found["theirs"]
            verdict(f"{data}: {ours} is at most 1 s.e. below {theirs}", gain, found["ours"] >= found["least"])
            verdict(f"{data}: {ours} takes at most {most} x {theirs}", ratio, ratio <= most, ".2f")
        headings = ("ours", "theirs", "accuracy", "theirs", "difference", "s.e. of theirs", "x seconds")
        print_table(data, headings, lines)
