"""What sections 2, 4.1 and 5 of the report say, and what our rows answer: the page CLAIMS.md.

Every answer is computed: its numbers, its intervals and the words "shown" and "not shown". A difference is shown where
the 95 % interval of its mean over draws leaves out 0. A claim without its rows says so; what a source says, no run
decides.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .. import evidence
from .answer import Answer
from .architecture import batch, depth, size
from .conclusion import cifar, class_conditional, corrected, sparsity
from .ensembles import adaboost, bagging, complex_borders, logitboost, smoothboost, specialists, stages, variance
from .images import named, separated
from .latent_labels import expensive, latent_labels, too_simple

__all__ = ["CLAIMS", "Answer", "Claim", "answers"]


class Claim(NamedTuple):
    """What the report says in which section, the files of rows that answer, and the function from these to `Answer`.

    rows: none where the source of an algorithm decides.
    """

    section: str
    text: str
    rows: tuple[str, ...]
    answer: Callable[..., Answer | None]


CLAIMS = (
    Claim("2.1", "Combining several instances is likely to give a lesser variance,", ("boosting",), variance),
    Claim(
        "2.1",
        "or the appearance of specialists, which will be able to assign observations that are hard to tell apart.",
        ("members",),
        specialists,
    ),
    Claim(
        "2.1", "Boosting is able to fit closely non linear complex decision boundaries.", ("members",), complex_borders
    ),
    Claim(
        "2.1",
        "Bagging will have a greater accuracy than a single model trained on the whole data set.",
        ("boosting",),
        bagging,
    ),
    Claim(
        "2.1",
        "Boosting might affect the accuracy by fitting the boundary around noisy labels, bagging will not overfit.",
        ("boosting",),
        adaboost,
    ),
    Claim(
        "2.1",
        "SmoothBoost avoids skewing the distributions towards noisy labels, as AdaBoost does.",
        ("boosting",),
        smoothboost,
    ),
    Claim(
        "2.1",
        "LogitBoost has been proved to be more robust to label noise than AdaBoost.",
        ("boosting",),
        logitboost,
    ),
    Claim(
        "2.1",
        "LogitBoost fits at each stage an individual logistic regression function separately for each class.",
        (),
        stages,
    ),
    Claim("2.2", "The basic method is EM over the latent true labels, (4)-(6).", ("generative",), latent_labels),
    Claim(
        "2.2",
        "These models will often times be too simple for the data at hand,",
        ("generative",),
        too_simple,
    ),
    Claim(
        "2.2",
        "or become computationally very expensive when more complex.",
        ("practice_peers", "generative"),
        expensive,
    ),
    Claim(
        "4.1.1",
        "Fashion-MNIST, t-SNE and UMAP: for both projections, the three classes are clearly separated.",
        ("projections",),
        partial(separated, data="fashion-mnist"),
    ),
    Claim(
        "4.1.1",
        "Three clusters, each named by a few samples, are a simple yet efficient method, insensitive to label noise.",
        ("clusters_named",),
        partial(named, data="fashion-mnist"),
    ),
    Claim(
        "4.1.2",
        "CIFAR: both t-SNE and UMAP fail to separate the three classes.",
        ("projections",),
        partial(separated, data="cifar10"),
    ),
    Claim(
        "4.1.2",
        "This invalidates the clustering method, which works because Fashion-MNIST is simple.",
        ("clusters_named",),
        partial(named, data="cifar10"),
    ),
    Claim(
        "5",
        "The adjustments have successfully made both methods, the MLR and the network, more robust.",
        ("results",),
        corrected,
    ),
    Claim(
        "5",
        "The exception is CIFAR. If this is due to the complexity of the data or to the noise has to be explored.",
        ("results",),
        cifar,
    ),
    Claim(
        "5",
        "The sparsity constraint might help when dealing with high-dimensional data, as might be the case in CIFAR.",
        ("sparse",),
        sparsity,
    ),
    Claim(
        "5",
        "Deep enough networks are naturally robust to label noise, so depth should be optimised.",
        ("architecture",),
        depth,
    ),
    Claim(
        "5",
        "The batch size should be small enough, and be optimised.",
        ("architecture",),
        batch,
    ),
    Claim(
        "5",
        "The data set should be large enough, no matter the amount of incorrectly labeled observations.",
        ("architecture",),
        size,
    ),
    Claim("all", "Label noise depends on the class alone, (3).", ("instance",), class_conditional),
)


def answers(folder=evidence.FOLDER):
    """{claim: answer} for every claim of sections 2, 4.1 and 5; None is the answer of a claim without rows."""
    return {claim: _answer(claim, folder) for claim in CLAIMS}


def _answer(claim, folder):
    if not all((folder / f"{name}.jsonl").exists() for name in claim.rows):
        return None
    return claim.answer(*(evidence.rows(name, folder) for name in claim.rows))
