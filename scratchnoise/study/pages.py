"""The pages of results, made from the committed rows: python -m scratchnoise.study.pages.

It writes RESULTS.md, SPEED.md, PRACTICE.md, CLAIMS.md and their pictures in tutorials/results, and the numbers that
`claims` registers into the README, the tutorials and the docstrings. The suite makes all of it again and compares.
"""

import textwrap
from functools import partial

from ..bench import page as bench_page
from ..files import write_whole
from ..practice import page as practice_page
from ..practice.session import COMPARISONS
from . import (
    architecture,
    claims,
    estimates,
    evidence,
    human,
    instance,
    label_errors,
    learnt_rates,
    plain_alarm,
    processors,
    published,
    readings,
    recipe,
    selection,
    sparse,
    ten_classes,
    told_T,
)
from .answers import answers
from .cells import cells
from .figures import png
from .findings import findings
from .gallery import overview
from .grids import grids
from .sweeps import sweep

MADE = "<!-- Made from the rows by `python -m scratchnoise.study.pages`; do not edit. -->"


def main():
    for path, content in pages().items():
        write_whole(path, content)
        print(path)
    for path, text in claims.rewritten().items():
        write_whole(path, text.encode())
        print(path)


def pages(folder=evidence.FOLDER):
    """{path: content} of every page and picture that is made from rows."""
    rows = evidence.rows("results", folder)
    (figure,) = overview([row for row in rows if row.get("classes")], _of_table_3(rows)).values()
    return {
        folder / "RESULTS.md": results(rows, folder).encode(),
        folder / "SPEED.md": speed(folder).encode(),
        folder / "PRACTICE.md": practice(folder).encode(),
        folder / "CLAIMS.md": claims_of_the_report(folder).encode(),
        folder / "methods.png": png(figure),
        folder / "estimates.png": png(estimates.picture(evidence.rows("estimates", folder))),
        folder / "sparse.png": png(sparse.picture(evidence.rows("sparse", folder))),
        **{folder / f"{name}.png": png(picture) for name, picture in _sweeps(folder).items()},
    }


def _found(name, folder, described):
    """What is said of the rows of an experiment: list of str."""
    has_rows = (folder / f"{name}.jsonl").exists()
    return described(evidence.rows(name, folder)) if has_rows else [f"Not run: there are no rows of `{name}`."]


def _table_and_list(name, folder, table, items):
    """The table of an experiment, and the list below it: two paragraphs."""
    return "\n".join(_found(name, folder, table)), _list(_found(name, folder, items))


def _sweeps(folder):
    """{name: Figure} of every setting that `architecture` changes; none where it has not been run."""
    if not (folder / "architecture.jsonl").exists():
        return {}
    found = evidence.rows("architecture", folder)
    return {name: sweep(found, name) for name in architecture.SWEEPS}


def _of_table_3(rows):
    return [cell for cell in cells(rows) if cell.table == "3"]


def results(rows, folder=evidence.FOLDER):
    """RESULTS.md: what was found, the tables, and the control beside each claim."""
    differ, agree = evidence.against_the_report(rows)
    deaths = evidence.rows("raw_deaths", folder)
    parts = [
        MADE,
        "# Results",
        f"{len(rows)} measurements, made by `scratchnoise reproduce --data fashion-mnist --preset paper --out results` "
        "and the same with `--data cifar10`; [README](README.md) has the files. Accuracies are those of the last "
        "epoch, or of the epoch named, on the clean test set, which serves to score and nothing else. (38) is half of "
        "the labels wrong, (39) 60 %; the noise of CIFAR-10 is hidden from the methods, and it is not the report's.",
        "![Accuracy of all methods at the end of training](methods.png)",
        "## What was found",
        *(_finding(finding) for finding in findings(rows)),
        "Differences are paired, with the t interval of 95 %; shown means that it leaves out 0. The best recorded "
        "epoch is that of the test curve, so what the plain network loses is flattered.",
        "## Tables",
        *(_table(grid) for grid in grids(rows)),
        "## Ours and the report's",
        "Welch's interval of 95 % for the difference of two means, the report's over 10 runs (5 folds in Table 2). "
        "Clean labels in Table 2 are fewer, four fifths of the test set, so these accuracies are no upper bound.",
        "These differ:",
        _list(differ),
        "For these no difference is shown:",
        _list(agree),
        "## Claims with their controls",
        "### What the report calls an iteration",
        "Accuracy after so many iterations, for three scales of the pixels, under (38) | (39), mean of two draws. The "
        "reading that moves least is used. Steps are stable while step x curvature < 2.",
        "\n".join(["```", *readings.described(evidence.rows("readings", folder)), "```"]),
        evidence.readings_and_report(rows),
        "### Settings chosen on noisy labels",
        "Mean of -log q_y on noisy labels that were left out, of draws that are none of the study's: the settings in "
        "use, and each of them changed. They stay where nothing is better by 0.001. The decay and the warm-up of "
        'learning_rate="auto" are those of the library for all data, and were not chosen here.',
        "\n".join(["```", *selection.described(evidence.rows("selection", folder)), "```"]),
        "### Tables and processors",
        _list(_found("processors", folder, processors.described)),
        evidence.tables_of_networks(rows),
        "Measured again:",
        _list(evidence.measured_again(evidence.rows("measured_again", folder), rows)),
        "### MLR and MLR (flipped)",
        evidence.flipped_is_plain(rows),
        "### Learnt flip rates",
        learnt_rates.described(evidence.rows("learnt_rates", folder)),
        "### The raw corrected loss",
        evidence.raw_deaths_summary(deaths),
        _list(evidence.raw_deaths(deaths)),
        "### The first steps of the forward network",
        evidence.first_steps(evidence.rows("first_steps", folder)),
        "### The alarms",
        evidence.false_alarms(evidence.rows("false_alarms", folder)),
        plain_alarm.described(evidence.rows("plain_alarm", folder)),
        evidence.forward_below_floor(rows),
        evidence.raw_alarms(rows),
        "### Told the true T",
        told_T.described(evidence.rows("told_T", folder), rows),
        "### What a noisy label is worth",
        evidence.information(),
        "## Beyond the report",
        "### Estimates of T",
        "Total variation per column, mean (deviation) of the draws, for 18,000 images of Fashion-MNIST and the "
        "posteriors of logistic regression; and the mean absolute error of an entry on data sets of scikit-learn. "
        "`combined` is the default, `identity` is the answer that there is no noise.",
        "\n".join(_found("estimates", folder, estimates.table)),
        _list(_found("estimates", folder, estimates.described)),
        "![Total variation per column of every estimate of T, under (38) and (39)](estimates.png)",
        "### Wrong labels found",
        "Area under the precision-recall curve, mean of the draws; chance is the share of wrong labels. Ours and "
        "cleanlab's scores are of the same posteriors, those of softmax regression on noisy labels; two other models "
        "know T or learn it. Below, paired differences beside the score of cleanlab that comes nearest.",
        *_table_and_list("label_errors", folder, label_errors.table, label_errors.described),
        "The twenty most suspicious of 6,000 labels under (38), the noisy label above each image and the class that "
        "softmax regression suggests below: `python -m scratchnoise.study.suspects --out suspects.png`.",
        "![The twenty most suspicious labels of Fashion-MNIST](suspects.png)",
        "### Noise that depends on the sample",
        "Accuracy, and mean absolute error of an entry of the estimate of T (confident joint), under noise of the "
        "sample / noise of the class, which is drawn from the same mean T. Fashion-MNIST, 6,000 images, means of the "
        "draws; below, paired differences. Margin noise is wrong where classes meet; rMLR, which assumes noise of the "
        "class, expects as many wrong labels everywhere.",
        *_table_and_list("instance", folder, instance.table, instance.described),
        "### Labels of people",
        "Accuracy and error of T with the labels that people gave to CIFAR-10 (CIFAR-10N), less those with labels that "
        "were drawn from the same T for the same images. The labels may not be handed on, so whoever runs it fetches "
        "them.",
        _list(_found("human", folder, human.described)),
        "### The best recipe by hand",
        "The network with the forward loss and more of what is built; and softmax regression behind T on features "
        "of patches that no label has touched (features). It relabels the images for a network that then needs no "
        "T, alone (taught) or together with the network of the forward loss (taught by both). The noisy labels of a "
        "draw that is none of the study's choose among the candidates: each learns from one half and is judged on "
        "the other, in turn. Draws of the study then compare the chosen one with NN forward, on clean test labels, "
        "in pairs. On CIFAR-10 networks are told the study's estimate of T; candidates with features estimate their "
        "own, by the same estimator, and NN forward is told that for control.",
        *_table_and_list(
            "recipe", folder, partial(recipe.table, results=rows), partial(recipe.described, results=rows)
        ),
        "### Ten classes",
        "Last epoch, and the epoch with the best accuracy on noisy validation labels: mean (deviation) of the draws.",
        *_table_and_list("ten_classes", folder, ten_classes.table, ten_classes.not_run),
        "Published figures beside our last epoch. Reached: ours is above, or below by at most two standard errors of "
        "the difference, which stand behind ±; a figure without a deviation is taken as exact. The noises of the "
        "source are ours: symmetric noise goes to all other classes alike, pair noise to one. CIFAR-10 is run where "
        "its archive of 160 MB is on the computer.",
        *_table_and_list("ten_classes", folder, published.table, published.described),
    ]
    return "\n\n".join(_wrapped(part) for part in parts) + "\n"


def practice(folder=evidence.FOLDER):
    """PRACTICE.md: the defaults on a user's own arrays."""
    comparisons = {name: evidence.rows(f"practice_{name}", folder) for name in COMPARISONS}
    return "\n\n".join(_wrapped(part) for part in [MADE, *practice_page.page(comparisons)]) + "\n"


def claims_of_the_report(folder=evidence.FOLDER):
    """CLAIMS.md: what sections 2, 4.1 and 5 of the report say, our answer, and the control."""
    parts = [
        MADE,
        "# Claims of the report, answered",
        "Each claim of sections 2, 4.1 and 5 of the report, in short, and what our rows say. Differences are paired "
        "over draws, with the t interval of 95 %; shown means that it leaves out 0. [README](README.md) has the files.",
    ]
    for claim, found in answers(folder).items():
        parts.append(f"## {claim.section}: {claim.text}")
        if found is None:
            parts.append("**Not run.** No rows answer this claim.")
        else:
            parts += [f"**{found.sentence}**", _list(found.items), f"Control: {found.control}"]
            parts += [f"![{claim.text}]({picture})" for picture in found.pictures]
    return "\n\n".join(_wrapped(part) for part in parts) + "\n"


def speed(folder=evidence.FOLDER):
    """SPEED.md: our kernels beside the faster layout of PyTorch."""
    return "\n\n".join(_wrapped(part) for part in [MADE, *bench_page.page(folder)]) + "\n"


def _table(grid):
    """A grid in Markdown, its notes below."""
    lines = [
        f"| {grid.corner} | {' | '.join(heading.replace(chr(10), ', ') for heading in grid.headings)} |",
        "| --- |" + " --- |" * len(grid.headings),
    ]
    for line in grid.lines:
        depth = "&nbsp;&nbsp;" * ((len(line.label) - len(line.label.lstrip())) // 2)
        texts = (f"**{text}**" if place in line.best else text for place, text in enumerate(line.texts))
        lines.append(f"| {depth}{line.label.strip()} | {' | '.join(texts)} |")
    return "\n\n".join([f"### {grid.title}", "\n".join(lines), _list(grid.notes).replace("; * best", "; bold: best")])


def _finding(finding):
    return "\n\n".join([f"**{finding.sentence}**", *([_list(finding.items)] if finding.items else [])])


def _list(items):
    return "\n".join(f"* {item}" for item in items)


def _wrapped(part):
    """Paragraphs and lists at 120 characters a line; tables, headings, pictures and code as they are."""
    if "\n\n" in part:
        return "\n\n".join(map(_wrapped, part.split("\n\n")))
    if part.startswith(("|", "#", "<", "!", "```")):
        return part
    options = {"width": 120, "break_long_words": False, "break_on_hyphens": False}
    if part.startswith("* "):
        return "\n".join(textwrap.fill(line, subsequent_indent="  ", **options) for line in part.split("\n"))
    return textwrap.fill(part, **options)


if __name__ == "__main__":
    main()
