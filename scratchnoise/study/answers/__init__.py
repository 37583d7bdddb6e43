"""What sections 2 and 5 of the report say, and what our rows answer: the page CLAIMS.md.

Every answer is computed: its numbers, its intervals and the words "shown" and "not shown". A difference is shown where
the 95 % interval of its mean over draws leaves out 0. A claim without an experiment says so.
"""

from .. import evidence
from .answer import Answer
from .conclusion import cifar, class_conditional, corrected, depth, sparsity
from .related_work import adaboost, alternative, bagging, latent_labels, too_simple

__all__ = ["Answer", "answers"]


def answers(folder=evidence.FOLDER):
    """Every claim of sections 2 and 5 with its answer: list of Answer."""
    names = ("results", "boosting", "generative", "sparse", "instance")
    rows = {name: evidence.rows(name, folder) for name in names}
    return [
        bagging(rows["boosting"]),
        adaboost(rows["boosting"]),
        alternative(rows["boosting"], "SmoothBoost"),
        alternative(rows["boosting"], "LogitBoost"),
        latent_labels(rows["generative"]),
        too_simple(rows["generative"]),
        corrected(rows["results"]),
        cifar(rows["results"]),
        sparsity(rows["sparse"]),
        depth(),
        class_conditional(rows["instance"]),
    ]
