"""The tables of a study as text, laid out once for the terminal and for the page."""

from dataclasses import dataclass

from .cells import cells, columns
from .methods import UNSTABLE
from .statistics import Difference, binomial_error
from .statistics import text as text_of

NAMES = {"garments": "Garments", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
NOISE = {
    "0.5": "noise (38)",
    "0.6": "noise (39)",
    "hidden": "hidden noise",
    "given": "labels as given",
    "clean": "clean labels",
}
# A matrix with more classes is shown by its error alone; tables.csv has the entries.
MOST_CLASSES = 5
UNSTABLE_MARK = " ~"
INTERVALS = (
    "Differences of means ± half the width of their 95 % interval: paired where both were run on the same draws, else "
    "Welch's, as against the report. ± ?: one run gives no interval."
)
TEST_SAMPLES = (
    "The test samples are a draw as well: n of them leave an error of sqrt(p (1 - p) / n) in every accuracy p, "
    f"{binomial_error(0.9, 3000):.3f} at 0.9 with 3,000, which no repetition shows."
)
UNSTABLE_NOTE = (
    "~ Rounding grows from step to step: another table or processor finds numbers that differ in three digits."
)
OVERVIEW, ESTIMATES = "All methods", "T and its estimates"  # how the captions of these figures begin
CHOICE = "last epoch, or the epoch named; never chosen on the test set"


@dataclass(frozen=True)
class Line:
    """One line of a grid: a label and one text per column.

    kind: "ours", "report", "stopped" or "head".  best: the columns in which this line is the best.
    Lines of one group belong together; a gap separates groups.
    """

    group: str
    label: str
    texts: tuple
    kind: str = "ours"
    best: frozenset = frozenset()


@dataclass(frozen=True)
class Grid:
    """One table ready to be drawn: its title, its headings, its lines and the notes below it.

    corner: heading of the labels.  headings: one str per column, a newline where it should break.
    """

    title: str
    corner: str
    headings: tuple
    lines: tuple
    notes: tuple


def grids(rows):
    """Every table that rows have numbers for, in the report's order: list of Grid.

    rows: list of dict, of one preset.  Raises ValueError for rows of several presets.
    """
    found = cells(rows)
    classes = {row["data"]: row["classes"] for row in rows if row.get("classes")}
    upper = "Table 2. Accuracy after learning from clean labels, 5-fold cross-validation on the test set"
    bound = "Clean labels: accuracy on the clean test set after learning from 90 % of the clean training set"
    lower = "Table 3. Accuracy on the clean test set after learning from noisy labels"
    error = "Estimates of T: mean absolute error of the entries"
    return [
        *_priors([cell for cell in found if cell.table == "1"], classes),
        *_methods(upper, [cell for cell in found if cell.table == "2"], max),
        *_methods(bound, [cell for cell in found if cell.table == "clean"], max),
        *_methods(lower, [cell for cell in found if cell.table == "3"], max),
        *_comparisons([cell for cell in found if cell.table == "difference"]),
        *_methods(error, [cell for cell in found if cell.table == "T error"], min),
        *_matrices([cell for cell in found if cell.table == "T"], classes),
    ]


def heading(data, noise, between=", "):
    """How tables and figures call a data set and its noise: str."""
    return f"{NAMES.get(data, data)}{between}{_noise(noise)}"


def label(cell):
    """How tables and figures call the method of a cell: str."""
    if cell.selection:
        return f"{cell.method}, by {cell.selection}"
    return cell.method if cell.epoch is None else f"{cell.method}, epoch {cell.epoch}"


def _priors(found, classes):
    for data, group in _by(found, lambda cell: cell.data).items():
        names = _class_names(group, classes)
        lines = []
        for (noise, kind), line in _by(group, lambda cell: (cell.noise, cell.row)).items():
            labels = "clean test labels" if kind == "clean" else f"training labels, {_noise(noise)}"
            lines += _lines(noise, labels, {cell.column: cell for cell in line}, len(names))
        title = f"Table 1. Share of each class, {NAMES.get(data, data)}"
        yield Grid(title, "Labels", names, tuple(lines), _orientation(group))


def _methods(title, found, pick):
    """A line per method, a column per data set and noise, the best of which pick chooses."""
    if not found:
        return
    pairs = columns(found)
    best = _best(found, pick)
    most = {kind: max(cell.runs for cell in group) for kind, group in _by(found, _kind).items()}
    lines = []
    for text, group in _by(found, label).items():
        places = {pairs.index((cell.data, cell.noise)): cell for cell in group}
        together = "T" if group[0].table == "T error" else _kind(group[0])
        lines += _lines(together, text, places, len(pairs), best, most[_kind(group[0])])
    headings = tuple(heading(*pair, between="\n") for pair in pairs)
    yield Grid(title, "Method", headings, tuple(lines), _notes(found, most))


def _comparisons(found):
    """A line per method and control: the difference of their accuracies with its interval."""
    if not found:
        return
    pairs, lines = columns(found), []
    for (first, versus), group in _by(found, lambda cell: (label(cell), cell.versus)).items():
        places = {pairs.index((cell.data, cell.noise)): cell for cell in group}
        texts = tuple(_difference(places[place]) if place in places else "" for place in range(len(pairs)))
        lines.append(Line(group[0].method, f"{first}, less {versus}", texts))
    headings = tuple(heading(*pair, between="\n") for pair in pairs)
    title = "Differences of accuracy, each method less its control"
    yield Grid(title, "Method and control", headings, tuple(lines), (INTERVALS,))


def _difference(cell):
    return f"{_against(cell)} n={cell.n}"


def _matrices(found, classes):
    """The estimates of T, entry by entry under the true matrix, one grid per data set and noise."""
    for pair in columns(found):
        group = [cell for cell in found if (cell.data, cell.noise) == pair]
        names = _class_names(group, classes)
        if len(names) > MOST_CLASSES:
            continue
        lines = []
        for text, matrix in _by(group, label).items():
            lines.append(Line(text, text, ("",) * len(names), "head"))
            for i, line in _by(matrix, lambda cell: cell.row).items():
                lines += _lines(text, f"  {names[i]}", {cell.column: cell for cell in line}, len(names))
        headings = tuple(f"if truly\n{name}" for name in names)
        notes = ("Mean (standard deviation) over repetitions; every column of a matrix sums to 1.",)
        yield Grid(f"Estimates of T, {heading(*pair)}", "Noisy label", headings, tuple(lines), notes)


def _lines(group, text, places, width, best=(), most=None):
    """Our line and, below it, the report's numbers and the runs that stopped; places: {column: Cell}."""

    def texts(show, among):
        return tuple(show(places[place]) if place in among else "" for place in range(width))

    inner = " " * (2 + len(text) - len(text.lstrip()))
    marked = frozenset(place for place, cell in places.items() if cell in best)
    lines = [Line(group, text, texts(lambda cell: _ours(cell, most), places), "ours", marked)]
    reported = {place: cell for place, cell in places.items() if cell.report_mean is not None}
    for source, cited in _by(reported.items(), lambda item: _source(item[1])).items():
        lines.append(Line(group, inner + source, texts(_printed, dict(cited)), "report"))
    compared = {place: cell for place, cell in reported.items() if cell.difference is not None}
    if compared:
        lines.append(Line(group, inner + "ours less report", texts(_against, compared), "report"))
    stopped = {place: cell for place, cell in places.items() if cell.stopped}
    if stopped:
        lines.append(Line(group, inner + "runs that stopped", texts(_stopped, stopped), "stopped"))
    return lines


def _ours(cell, most):
    if cell.mean is None:
        return "no result" if cell.stopped else "not run"
    spread = "" if cell.sd is None else f" ({cell.sd:.3f})"
    # Where runs stopped, the line below says so, and n with it.
    fewer = most and cell.n < most and not cell.stopped
    mark = UNSTABLE_MARK if cell.method in UNSTABLE and cell.table == "3" else ""
    return f"{cell.mean:.3f}{spread}{mark}" + (f" n={cell.n}" if fewer else "")


def _against(cell):
    return text_of(Difference(cell.difference, cell.low, cell.high, cell.interval, cell.n))


def _printed(cell):
    """The report's number with no digit that it does not print, but for zeros that line the columns up."""
    if cell.report_sd is None:
        return f"{cell.report_mean:g}"
    return " ".join(
        pattern.format(f"{number:.{max(3, len(repr(number)) - 2)}f}")
        for pattern, number in (("{}", cell.report_mean), ("({})", cell.report_sd))
    )


def _stopped(cell):
    return f"{cell.stopped} of {cell.runs}"


def _source(cell):
    """What the line of the report's numbers is called; on other images it says which ones it is about."""
    if cell.data == "garments":
        return "report, Fashion-MNIST"
    return f"report {cell.report_column}" if cell.table == "T" else "report"


def _best(found, pick):
    """The cells that are best of their column as far as the printed digits tell; none where runs stopped."""
    best = set()
    whole = [cell for cell in found if cell.n and not cell.stopped]
    for group in _by(whole, lambda cell: (cell.data, cell.noise)).values():
        record = pick(round(cell.mean, 3) for cell in group)
        best.update(cell for cell in group if len(group) > 1 and round(cell.mean, 3) == record)
    return best


def _notes(found, most):
    table = found[0].table
    notes = [f"Mean (standard deviation) over {_counted(most, table)}, n where fewer; * best of its column."]
    if table != "T error":
        notes.append(f"Accuracy: {CHOICE}.")
    if any(cell.difference is not None for cell in found):
        notes.append(INTERVALS)
    if table != "T error":
        notes.append(TEST_SAMPLES)
    if table == "3" and any(cell.method in UNSTABLE and cell.n for cell in found):
        notes.append(UNSTABLE_NOTE)
    if any(cell.selection for cell in found):
        notes.append("By noisy validation: the epoch was chosen on held-out samples with their noisy labels.")
    if any(cell.stopped for cell in found):
        notes.append("Runs that stopped ended before the epoch named; a method with such runs is not marked best.")
    if table == "2" and any(cell.report_mean and _kind(cell) == "NN" for cell in found):
        notes.append("The report stopped its network after 7 epochs on MNIST and after 30 on CIFAR.")
    if any(cell.report_column == "CIFAR" and cell.method == "rMLR" for cell in found):
        notes.append("The report prints two numbers for rMLR on CIFAR; by its text 0.36 is with learnt rates.")
    return (*notes, *_orientation(found))


def _counted(most, table):
    """How many runs there were, "10 repetitions (NN, NN backward: 3)" where methods differ."""
    first, *others = sorted(set(most.values()) - {0}, reverse=True)
    runs = ("fold" if table == "2" else "repetition") + "s" * (first > 1)
    fewer = "; ".join(f"{', '.join(kind for kind in most if most[kind] == count)}: {count}" for count in others)
    return f"{first} {runs}" + (f" ({fewer})" if fewer else "")


def _orientation(found):
    other = any(cell.data == "garments" and cell.report_mean for cell in found)
    return ("report, Fashion-MNIST: the same noise on other images, for orientation only.",) if other else ()


def _noise(name):
    """A label such as "uniform:0.2" or "0.5" in words."""
    return NOISE.get(name) or str(name).replace(":", " ")


def _kind(cell):
    """Methods that are variants of one another: "MLR (flipped, inverse)" is of the kind MLR."""
    return cell.method.split(" (")[0]


def _class_names(group, classes):
    count = 1 + max(cell.column for cell in group if cell.column is not None)
    return tuple(classes.get(group[0].data) or (f"class {j}" for j in range(count)))


def _by(items, key):
    """{key: items that have it}, both in the order in which they come."""
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
