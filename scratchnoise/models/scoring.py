"""Scoring a model on noisy labels, for scikit-learn's searches."""

from typing import Any

from numpy.typing import ArrayLike

from ..messages import shown


def noisy_scorer(estimator: Any, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """mean log P(noisy = y | x): `noisy_log_likelihood` of a model, of the last step of a pipeline, or of a search.

    `GridSearchCV(model, grid, scoring=noisy_scorer)`. X, y (N,) noisy labels of samples that were not trained on, and
    optional weights (N,) -> float, larger is better. Raises TypeError for an estimator whose last step has no
    `noisy_log_likelihood`.
    """
    model = estimator
    while isinstance(model, type) or not hasattr(model, "noisy_log_likelihood"):
        if hasattr(model, "best_estimator_"):  # a fitted search
            model = model.best_estimator_
        elif hasattr(model, "steps"):  # a pipeline
            for _, step in model.steps[:-1]:
                X = X if step is None or isinstance(step, str) else step.transform(X)
            model = model.steps[-1][1]
        else:
            raise TypeError(
                f"estimator={shown(estimator)} has no noisy_log_likelihood; it should end in a model, "
                "e.g. FlipCorrected(classifier)"
            )
    return model.noisy_log_likelihood(X, y, sample_weight)
