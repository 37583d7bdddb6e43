"""Section 5 of the report: is a network robust by itself that is deep, with small batches and many samples?"""

import numpy as np

from .. import architecture as study
from .answer import Answer, counted, percent, shown

NOISY = study.RATES[1:]
ASKED = {
    "cross-entropy, last epoch": {},
    "cross-entropy, epoch chosen on noisy labels": {"scored": "chosen"},
    "forward, last epoch": {"loss": "forward"},
}


def depth(rows):
    """Section 5: deep enough networks are robust, and depth should be optimised."""
    wide = {rate: study.gain(rows, rate, "width", 256, 128) for rate in NOISY}
    return _answer(
        rows,
        ("depth", 6, 1),
        "{} hidden layers instead of {}",
        "Six layers of 128 units have about as many weights as two layers of 256. Two layers of 256 minus two of 128: "
        f"{_by_rate(wide)}.",
        {"depth.png": "Accuracy by number of hidden layers", "width.png": "Accuracy by units of a hidden layer"},
    )


def batch(rows):
    """Section 5: batches should be small enough, and their size optimised."""
    scaled = {
        name: {rate: study.gain(rows, rate, "batch", 16, 1024, step="proportional", **options) for rate in NOISY}
        for name, options in ASKED.items()
    }
    fewer = "; ".join(f"{name}, {_by_rate(gaps)}" for name, gaps in scaled.items())
    counts = "; ".join(f"{name}, better in {_verdicts(gaps.values())}" for name, gaps in scaled.items())
    found = _answer(
        rows,
        ("batch", 16, 1024),
        "Batches of {} instead of {}",
        "With fewer steps in an epoch a network learns less of anything, wrong labels too: see the lines of 0 %. With "
        "a constant step in proportion to the batch, which goes as far in an epoch (the other steps of the forward "
        f"loss decay), 16 - 1024: {fewer}. [Rol+17] itself says that noise "
        "makes the effective batch smaller, which speaks for larger batches.",
        {"batch.png": "Accuracy by batch size"},
    )
    return found._replace(sentence=f"{found.sentence} With steps in proportion to the batch: {counts}.")


def size(rows):
    """Section 5: the data set should be large enough, whatever the share of wrong labels."""
    return _answer(
        rows,
        ("size", 12000, 1000),
        "{} samples instead of {}",
        "The line of 0 % is what more samples do without noise. Epochs are as many, so more samples are more steps.",
        {"size.png": "Accuracy by number of training samples"},
    )


def _answer(rows, ends, changed, control, pictures):
    """`ends`: what is changed, its two values; `changed`: these in words."""
    name, most, least = ends
    items, sentences = [], []
    for title, options in ASKED.items():
        rates = NOISY if "loss" in options else study.RATES
        gaps = {rate: study.gain(rows, rate, name, most, least, **options) for rate in rates}
        items.append(f"{title}, the highest mean: {_highest(rows, name, rates, options)}")
        found = [gap for rate, gap in gaps.items() if gap and rate]
        items += [f"{title}, {percent(rate)} drawn anew: {most} - {least} {shown(g)}" for rate, g in gaps.items() if g]
        sentences.append(f"with {title}, in {_verdicts(found)}")
    sentence = f"{changed.format(most, least)} are shown, with noise, to be better {'; '.join(sentences)}."
    drawn = {file: f"{what}. Bars are standard deviations of the draws." for file, what in pictures.items()}
    return Answer(sentence, tuple(items), f"{control} {_rest()}", drawn)


def _verdicts(gaps):
    found = [gap for gap in gaps if gap]
    return f"{counted(found)} settings, worse in {counted(found, -1)}"


def _rest():
    """What stays the same in all rows."""
    depth, width, batch, size = study.BASE.values()
    return (
        f"Where nothing else is said: {depth} layers of {width} units, batches of {batch}, {size:,} images of all ten "
        f"classes of Fashion-MNIST, {study.EPOCHS} epochs. Of labels drawn anew a tenth is right by chance."
    )


def _highest(rows, name, rates, options):
    """With which value of a setting the mean accuracy is highest, by rate: a text. It is the test set that says so."""
    said = []
    for rate in rates:
        runs = {v: study.accuracies(rows, rate, **options, **{name: v}) for v in study.SWEEPS[name]}
        means = {value: np.mean(list(found.values())) for value, found in runs.items() if found}
        if means:
            best = max(means, key=means.get)
            said.append(f"{best} at {percent(rate)} ({means[best]:.3f})")
    return ", ".join(said)


def _by_rate(gaps):
    return ", ".join(f"{percent(rate)} {shown(gap)}" for rate, gap in gaps.items() if gap) or "not run"
