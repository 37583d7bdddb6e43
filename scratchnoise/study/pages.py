"""The pages of results, made from the committed rows: python -m scratchnoise.study.pages.

It writes RESULTS.md, SPEED.md, PRACTICE.md, CLAIMS.md and their pictures in tutorials/results, and the numbers that
`claims` registers into the README, the tutorials and the docstrings. The suite makes all of it again and compares.
"""

from ..bench import page as bench_page
from ..files import write_whole
from ..practice import page as practice_page
from ..practice.session import COMPARISONS
from . import (
    architecture,
    beyond,
    claims,
    estimates,
    evidence,
    learnt_rates,
    plain_alarm,
    processors,
    readings,
    selection,
    sparse,
    told_T,
)
from .answers import answers
from .cells import cells
from .figures import png
from .findings import findings
from .gallery import overview
from .grids import grids
from .markdown import found, listed, wrapped
from .report_numbers import METHODS
from .sweeps import sweep

FEW = 3  # draws: the t interval of so few is four standard errors wide on each side
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


def _sweeps(folder):
    """{name: Figure} of every setting that `architecture` changes; none where it has not been run."""
    if not (folder / "architecture.jsonl").exists():
        return {}
    rows = evidence.rows("architecture", folder)
    return {name: sweep(rows, name) for name in architecture.SWEEPS}


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
        "![Accuracy of the report's methods and their controls at the end of training](methods.png)",
        "Bars are standard deviations of the draws; died: so many runs ended with a loss that is no number.",
        "## What was found",
        *(_finding(finding) for finding in findings(rows)),
        *evidence.first_measured_again(evidence.rows("measured_again", folder), rows),
        "Differences are paired, with the t interval of 95 %; shown means that it leaves out 0. The best recorded "
        "epoch is that of the test curve, so what the plain network loses is flattered.",
        "## Tables",
        *(_table(grid) for grid in grids(rows)),
        "### The methods of these tables",
        listed(f"{name}: {METHODS[name]}" for name in METHODS if name in {row["method"] for row in rows}),
        "## Ours and the report's",
        "Welch's interval of 95 % for the difference of two means, the report's over 10 runs (5 folds in Table 2). "
        "Clean labels in Table 2 are fewer, four fifths of the test set, so these accuracies are no upper bound.",
        "These differ:",
        listed(differ),
        "For these no difference is shown:",
        listed(agree),
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
        listed(found("processors", folder, processors.described)),
        evidence.tables_of_networks(rows),
        "Measured again:",
        listed(evidence.measured_again(evidence.rows("measured_again", folder), rows)),
        "### MLR and MLR (flipped)",
        evidence.flipped_is_plain(rows),
        "### Learnt flip rates",
        learnt_rates.described(evidence.rows("learnt_rates", folder)),
        "### The raw corrected loss",
        evidence.raw_deaths_summary(deaths),
        listed(evidence.raw_deaths(deaths)),
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
        *beyond.parts(rows, folder),
    ]
    return "\n\n".join(wrapped(part) for part in parts) + "\n"


def practice(folder=evidence.FOLDER):
    """PRACTICE.md: the defaults on a user's own arrays."""
    comparisons = {name: evidence.rows(f"practice_{name}", folder) for name in COMPARISONS}
    return "\n\n".join(wrapped(part) for part in [MADE, *practice_page.page(comparisons)]) + "\n"


def claims_of_the_report(folder=evidence.FOLDER):
    """CLAIMS.md: what sections 2, 4.1 and 5 of the report say, our answer, and the control."""
    parts = [
        MADE,
        "# Claims of the report, answered",
        "Each claim of sections 2, 4.1 and 5 of the report, in short, and what our rows say. Differences are paired "
        "over draws, with the t interval of 95 %; shown means that it leaves out 0. [README](README.md) has the files.",
    ]
    for claim, answer in answers(folder).items():
        parts.append(f"## {claim.section}: {claim.text}")
        if answer is None:
            parts.append("**Not run.** No rows answer this claim.")
        else:
            control = f"Control: {answer.control}{_drawn(claim, folder)}"
            parts += [f"**{answer.sentence}**", listed(answer.items), control]
            for file, shows in answer.pictures.items():
                parts += [f"![{shows}]({file})", shows if shows.endswith(".") else f"{shows}."]
    return "\n\n".join(wrapped(part) for part in parts) + "\n"


def _drawn(claim, folder):
    """How many draws are behind the answer to a claim, in words; nothing where no run decides."""
    counts = {name: _count(evidence.rows(name, folder)) for name in claim.rows}
    few = "; so few show large differences alone" if min(counts.values(), default=0) <= FEW else ""
    said = ", ".join(f"{count} draws" + f" of {name}" * (len(counts) > 1) for name, count in counts.items())
    return f" There are {said}{few}." if counts else ""


def _count(rows):
    return len({row.get("draw", row.get("repetition")) for row in rows} - {None})  # folds of clean data have none


def speed(folder=evidence.FOLDER):
    """SPEED.md: our kernels beside the faster layout of PyTorch."""
    return "\n\n".join(wrapped(part) for part in [MADE, *bench_page.page(folder)]) + "\n"


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
    return "\n\n".join([f"### {grid.title}", "\n".join(lines), listed(grid.notes).replace("; * best", "; bold: best")])


def _finding(finding):
    return "\n\n".join([f"**{finding.sentence}**", *([listed(finding.items)] if finding.items else [])])


if __name__ == "__main__":
    main()
