"""One fit as a user sees it: its accuracy, its seconds, its warnings; and how far it is from the optimum."""

import time
import warnings
from collections import Counter

import numpy as np

from ..messages import shown

MOST_STEPS = 5000  # of the search for the optimum


def fitted(fit, data):
    """(model, fields) of `fit()`, which trains a model; the model is None where that raised an error.

    fields: accuracy on the test part of `data` (None after an error), seconds of the fit, warnings {"package.Category":
    count}, stopped (the error, else None).
    """
    model, accuracy, stopped = None, None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        started = time.perf_counter()
        try:
            model = fit()
        except (ValueError, ArithmeticError) as error:
            stopped = f"{type(error).__name__}: {shown(error)}"
        seconds = time.perf_counter() - started
    if model is not None:
        accuracy = np.mean(model.predict(data.X_test) == data.y_test)
    given = Counter(f"{w.category.__module__.partition('.')[0]}.{w.category.__name__}" for w in caught)
    return model, {"accuracy": accuracy, "seconds": seconds, "warnings": dict(given), "stopped": stopped}


def objective(W, b, X, y, l2, scale=1.0):
    """Mean loss -log softmax(X W + b)_y plus l2/2 ||W scale||^2, and its gradients for W and b.

    W (D, C), b (C,), X (N, D), y (N,) -> float, (D, C), (C,); scale (D, 1): the standard deviations of the columns
    of X, because W scale are the weights of standardised columns.
    """
    rows = np.arange(len(y))
    z = X @ W + b
    z -= z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    value = -log_p[rows, y].mean() + l2 / 2 * np.sum((W * scale) ** 2)
    dz = np.exp(log_p)
    dz[rows, y] -= 1
    dz /= len(y)
    return value, X.T @ dz + l2 * scale**2 * W, dz.sum(axis=0)


def optimum(X, y, l2):
    """The least objective on X (N, D), found on its standardised columns by SciPy's L-BFGS-B in float64: a float."""
    from scipy.optimize import minimize
    from sklearn.preprocessing import StandardScaler

    X = StandardScaler().fit_transform(X)
    D, C = X.shape[1], y.max() + 1

    def value_and_gradient(parameters):
        W, b = np.split(parameters, [D * C])
        value, dW, db = objective(W.reshape(D, C), b, X, y, l2)
        return value, np.append(dW.ravel(), db)

    options = {"maxiter": MOST_STEPS, "maxfun": 2 * MOST_STEPS, "maxcor": 30, "ftol": 0.0, "gtol": 1e-9}
    return minimize(value_and_gradient, np.zeros(D * C + C), jac=True, method="L-BFGS-B", options=options).fun


def reached(model, X, y, l2):
    """The objective of a fitted linear model with coef_ (C, D) and intercept_ (C,), on its own training data."""
    from sklearn.preprocessing import StandardScaler

    deviations = StandardScaler().fit(X).scale_[:, None]
    return objective(model.coef_.T, model.intercept_, X, y, l2, deviations)[0]
