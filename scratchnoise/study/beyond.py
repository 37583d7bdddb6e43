"""RESULTS.md, the part beyond the report: estimates of T, wrong labels, other noise, the recipe, ten classes."""

from functools import partial

from . import estimates, further_methods, human, instance, label_errors, published, recipe, ten_classes
from .markdown import found, listed, table_and_list
from .protocol import PRESETS

QUICK = PRESETS["quick"]


def parts(results, folder):
    """Its paragraphs. results: the rows of the study; folder: where those of the experiments are."""
    return [
        "## Beyond the report",
        "### Further methods",
        "Accuracy on clean test labels after the last epoch, mean (deviation) of the draws, and in pairs what a method "
        "is at less plain training: a network less NN, any other method less MLR (own settings). All have the preset "
        f"`quick`: {QUICK.n_train:,} training images, networks {QUICK.epochs} epochs. What labels learnt by heart cost "
        "shows later. Settings are those of `study.further`, which nobody tuned: this says what a method does as it "
        "comes, not which is the best. EM learns its rates, rMLR is told T.",
        *table_and_list("further", folder, further_methods.table, further_methods.described),
        "### Estimates of T",
        "Total variation per column, mean (deviation) of the draws, for 18,000 images of Fashion-MNIST and the "
        "posteriors of logistic regression; and the mean absolute error of an entry on data sets of scikit-learn. "
        "`combined` is the default, `identity` is the answer that there is no noise.",
        "\n".join(found("estimates", folder, estimates.table)),
        listed(found("estimates", folder, estimates.described)),
        "![Total variation per column of every estimate of T, under (38) and (39)](estimates.png)",
        "A dot is a draw, a stroke their mean.",
        "### Wrong labels found",
        "Area under the precision-recall curve, mean of the draws; chance is the share of wrong labels. Ours and "
        "cleanlab's scores are of the same posteriors, those of softmax regression on noisy labels; two other models "
        "know T or learn it. Below, paired differences beside the score of cleanlab that comes nearest.",
        *table_and_list("label_errors", folder, label_errors.table, label_errors.described),
        "The twenty most suspicious of 6,000 labels under (38), the noisy label above each image and the class that "
        "softmax regression suggests below: `python -m scratchnoise.study.suspects --out suspects.png`. The "
        "probabilities are those of this model: where a frame is orange and dashed, the label is right. The "
        "ranking is what the areas above judge.",
        "![The twenty most suspicious labels of Fashion-MNIST](suspects.png)",
        "### Noise that depends on the sample",
        "Accuracy, and total variation per column of the estimate of T (confident joint), under noise of the sample / "
        "noise of the class, which is drawn from the same mean T. For T = I it is the share of wrong labels. "
        "Fashion-MNIST, 6,000 images, means of the draws; below, paired differences. Margin noise is wrong where "
        "classes meet, by the margins of MLR on clean labels; rMLR, which assumes noise of the class, expects as many "
        "wrong labels everywhere.",
        *table_and_list("instance", folder, instance.table, instance.described),
        "### Labels of people",
        "Accuracy and error of T with the labels that people gave to CIFAR-10 (CIFAR-10N), less those with labels that "
        "were drawn from the same T for the same images. The labels may not be handed on, so whoever runs it fetches "
        "them.",
        listed(found("human", folder, human.described)),
        "### The best recipe by hand",
        "The network with the forward loss and more of what is built; and softmax regression behind T on features "
        "of patches that no label has touched (features). It relabels the images for a network that then needs no "
        "T, alone (taught) or together with the network of the forward loss (taught by both). The noisy labels of one "
        "draw that is none of the study's choose among the candidates: each learns from one half and is judged on "
        "the other, in turn, under (38); the two best and the forward loss alone go on to the other problems, where "
        "some candidates ran for comparison. Intervals of this noisy loss are over 20 blocks of the labels, not over "
        "draws. Draws of the study then compare the chosen one with NN forward, on clean test labels, in pairs. On "
        "CIFAR-10 networks are told the study's estimate of T; candidates with features estimate their own, by the "
        "same estimator, and NN forward is told that for control. This estimator was changed when the first ten "
        "draws of CIFAR-10 had been scored, because the recipe with the default of `estimate_transition` (combined) "
        "had failed on some of them. Noisy labels do not tell the two estimators apart, so it was those draws that "
        "decided.",
        *table_and_list(
            "recipe", folder, partial(recipe.table, results=results), partial(recipe.described, results=results)
        ),
        "### Ten classes",
        "Last epoch, and the epoch with the best accuracy on noisy validation labels: mean (deviation) of the draws. "
        "Errors of T are total variations per column, beside that of the answer that there is no noise.",
        *table_and_list("ten_classes", folder, ten_classes.table, ten_classes.not_run),
        *found("ten_classes", folder, published.verdict),
        "Published figures beside our last epoch. Reached: ours is above, or below by at most two standard errors of "
        "the difference, which stand behind ±; a figure without a deviation is taken as exact. The noises of the "
        "source are ours: symmetric noise goes to all other classes alike, pair noise to one. The network behind the "
        f"figures has {published.NINE_LAYERS}; the paper prints {published.PAPER.epochs}. CIFAR-10 is run where its "
        "archive of 160 MB is on the computer.",
        *table_and_list("ten_classes", folder, published.table, published.described),
    ]
