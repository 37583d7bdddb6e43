"""The register of claims: every number in a text that rests on a run, and how it is computed from committed rows.

A claim is a piece of text with {} where its numbers stand. `python -m scratchnoise.study.pages` writes the numbers that
the rows give into the texts; the suite fails where a text has others, where a claim is no longer in its text, and where
a text has a measured-looking number that no claim covers. What no pattern can hold, a verdict in words, is asserted
where the numbers are computed: `Unsupported` names the claim that the rows no longer bear.
"""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ..network.watch import FALSE_ALARM_RATE
from ..noise import MNIST06
from . import evidence, learnt_rates
from .findings import accuracies
from .report_numbers import REPORT_T_RLR, REPORT_TABLE_3

ROOT = Path(__file__).parent.parent.parent
NUMBER = r"[-+]?[\d.,]*\d"
MEASURED = re.compile(  # what looks like a result, in prose
    r"(?<![\w.(-])(?:(?:0\.\d{2,}|\d+ of (?:our |the )?\d+)\b|\d+(?:\.\d+)? (?:%|times (?:as|slower|faster)))"
)
NOT_MEASURED = (  # settings, counts and the report's own numbers
    *("0.97 is safe", "0.80 quantile", "13 of 16", "12 of the 16 registers", "of 32 bytes", "of 16 bytes"),
    *("k^-0.6", "0.01, the report's", "0.01 loss.step_scale", "more than 0.01", "0.001, which decays", "ridge 0.003"),
    *("0.01 (adam: 0.001)", "constant 0.01", "0.999", "+0.012 ± 0.008", "Table 1: the same 0.33"),
    '"0.477 (0.0074), 0.36',
    *("60 % wrong", "interval of 95 %", "95 % interval", "90 % of a draw", "10 % that are left out"),
    *("subsets of 90 %", "the 90 % of the", "70 % one class and 30 % another", '50 % symmetric noise"'),
    *("45 % are wrong", "rates of 40 % at most", "about 40 % wrong labels here", "a rate of 40 %"),
    *("uniform noise of 60 %", "a deviation of 8 %", "at least 20 times as fast"),
)


class Unsupported(AssertionError):
    """A sentence says something that the rows do not bear: change the sentence."""


@dataclass(frozen=True)
class Claim:
    """A piece of a file's text with {} for its numbers, and the function of `Rows` that gives them as texts."""

    path: str
    text: str
    numbers: object

    @cached_property
    def pattern(self):
        """What finds it, with any numbers and however its lines are broken."""
        pieces = [r"(?:\s+(?:# )?)".join(map(re.escape, piece.split(" "))) for piece in self.text.split("{}")]
        return re.compile(f"({NUMBER})".join(pieces))


class Rows:
    """The committed rows, read once."""

    def __getattr__(self, name):
        found = evidence.rows(name)
        setattr(self, name, found)
        return found


def computed(claim, rows):
    """The numbers of a claim as texts: list of str. Raises Unsupported where the rows do not bear its words."""
    numbers = claim.numbers(rows)
    if numbers is False:
        raise Unsupported(f"{claim.path}: the rows do not bear {claim.text!r}")
    return [numbers] if isinstance(numbers, str) else list(numbers)


def rewritten(rows=None, root=ROOT):
    """{path: text} of the files that claims are made in, with the numbers that the rows give.

    Raises Unsupported where a claim is not in its file, or not borne by the rows.
    """
    rows, texts = rows or Rows(), {}
    for claim in CLAIMS:
        path = root / claim.path
        text = texts.get(path) or path.read_text(encoding="utf-8")
        found = claim.pattern.search(text)
        if not found:
            raise Unsupported(f"{claim.path} has no text {claim.text!r}")
        for place, number in reversed(list(enumerate(computed(claim, rows), start=1))):
            text = text[: found.start(place)] + number + text[found.end(place) :]
        texts[path] = text
    return texts


def uncovered(path, root=ROOT):
    """Measured-looking numbers in the prose of a file that no claim covers: list of str."""
    text = (root / path).read_text(encoding="utf-8")
    for claim in CLAIMS:
        if claim.path == path:
            text = claim.pattern.sub("", text)
    prose = "\n".join(_prose(text, path))
    for known in NOT_MEASURED:
        prose = prose.replace(known, "")
    return [line for line in prose.splitlines() if MEASURED.search(line)]


def _prose(text, path):
    """The lines of text that a reader reads: no code, no formulas, no names of settings."""
    lines = re.sub(r"```.*?```", "", text, flags=re.S).splitlines()
    if path.endswith(".py"):
        comments = [line.lstrip()[2:] for line in lines if line.lstrip().startswith("#")]
        lines = comments + (_docstrings(text) if path.startswith("scratchnoise/") else [])
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", "", "\n".join(lines), flags=re.S)
    paragraphs = re.split(r"\n(?:[>#]? *|%%.*)\n", text)
    return [line for paragraph in paragraphs if not _invented(paragraph) for line in paragraph.splitlines()]


def _invented(paragraph):
    """Whether its numbers are no results: a sum done by hand, or a question, quoted, with answers to choose from."""
    paragraph = paragraph.strip()
    return paragraph.startswith("By hand") or paragraph.startswith(">") and paragraph.endswith("?")


def _docstrings(text):
    """The lines of all docstrings of a module, but for examples of what to type and what it prints."""
    with_docstring = ast.Module | ast.ClassDef | ast.FunctionDef
    found = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, with_docstring)]
    return [line for docstring in found for line in re.sub(r">>> .*?(\n\n|$)", "", docstring, flags=re.S).splitlines()]


def _printed(row, column):
    return f"{REPORT_TABLE_3[row][column][0]:.3f}"


def _report_forgets(rows):
    return _printed("rNN (7 Ep.)", "MNIST0.5"), _printed("rNN (30 Ep.)", "MNIST0.5")


def _plain(epoch, rows):
    runs = accuracies(rows.results, ("fashion-mnist", "0.5"), "NN", epoch)
    return f"{np.mean(list(runs.values())):.2f}"


def _network_at_the_end(rows):
    return f"{REPORT_TABLE_3['rNN (30 Ep.)']['MNIST0.5'][0]:.2f}", _plain(None, rows)


def _raw_deaths(rows):
    runs = {}
    for row in rows.results:
        if row["method"] == "NN backward (raw)":
            run = row["data"], row["noise"], row.get("draw"), row["repetition"]
            runs[run] = runs.get(run) or bool(row.get("stopped"))
    return f"{sum(runs.values())}", f"{len(runs)}"


def _no_risk_below_zero(rows):
    risks = [
        risk
        for row in rows.results
        if row["method"] == "NN backward (raw)" and row.get("stopped")
        for risk in (row.get("history") or {}).get("corrected_risk") or []
    ]
    return not any(risk is not None and risk < 0 for risk in risks) and ()


def _one_up_one_down(rows):
    last = [row["history"][-1]["last_loss"] for row in rows.raw_deaths if row["stopped"]]
    return sorted(np.sign(last)) == [-1, 1] and ()


def _default_lives(rows):
    default = [row for row in rows.raw_deaths if (row["loss"], row["weights"]) == ("raw", "default")]
    return not any(row["stopped"] for row in default) and ()


def _em_costs(rows):
    runs = learnt_rates.by_run(rows.learnt_rates)
    known, em = runs["T known"], [found for name, found in runs.items() if name.startswith("EM")]
    pairs = [(found[draw], known[draw]) for found in em for draw in known]
    too_clean = all(np.trace(row["T"]) > np.trace(told["T"]) and row["loss"] < told["loss"] for row, told in pairs)
    lost = min(told["accuracy"] - row["accuracy"] for row, told in pairs)
    return len(em) == 5 and too_clean and lost > 0 and f"{lost:.2f}"


def _prefers_clean(rows):
    return _em_costs(rows) and ()


def _smaller_steps(rows):
    runs = learnt_rates.by_run(rows.learnt_rates)
    known, long = runs["T known"], runs[f"SGD step {learnt_rates.STEPS[0]:g}"]
    fails = all(row["loss"] > known[draw]["loss"] and abs(row["accuracy"] - 1 / 3) < 0.02 for draw, row in long.items())
    small = [runs[f"SGD step {step:g}, as far"] for step in learnt_rates.STEPS[-2:]]
    pairs = [(found[draw], known[draw]) for found in small for draw in known]
    cleaner = all(np.trace(row["T"]) > 2.5 and row["loss"] < told["loss"] for row, told in pairs)
    return fails and cleaner and ()


def _information_39(rows):
    return f"{100 * MNIST06.information_fraction:.0f}"


def _printed_rates(rows):
    rates = np.array(REPORT_T_RLR)[..., 0]
    return f"{np.floor(100 * rates.min()) / 100:.2f}", f"{rates.max():.2f}"


def _report_mlr(rows):
    return _printed("MLR", "MNIST0.5")


def _flipped(rows):
    return _printed("MLR", "MNIST0.6"), _printed("MLR (Flipped)", "MNIST0.6")


def _between_draws(rows):
    runs = accuracies(rows.results, ("fashion-mnist", "0.6"), "rMLR")
    return f"{np.std(list(runs.values()), ddof=1):.3f}"


def _balancing_costs(rows):
    errors = {}
    for row in rows.estimates:
        errors.setdefault((row["method"], row["data"]), []).append(row["error"])
    mean = {cell: np.mean(values) for cell, values in errors.items()}
    even = all(
        abs(mean["balanced_joint", data] - mean["confident_joint", data]) < 0.005
        for data in ("digits", "five classes", "garments", "cancer")
    )
    balanced, plain = mean["balanced_joint", "90/7/3"], mean["confident_joint", "90/7/3"]
    return even and balanced > plain and (f"{balanced:.2f}", f"{plain:.2f}")


def _report_flips(rows):
    return _printed("rNN (7 Ep.)", "MNIST0.6"), _printed("rNN (7 Ep., Flipped)", "MNIST0.6")


def _stated_rate(rows):
    worst = max(row["any"] for row in rows.false_alarms)
    return worst <= FALSE_ALARM_RATE and f"{100 * FALSE_ALARM_RATE:g}"


def _without_margin(rows):
    shares = [row["forward_without_margin"] for row in rows.false_alarms]
    return f"{100 * min(shares):.0f}", f"{100 * max(shares):.0f}"


T01 = "tutorials/01_what_label_noise_does.py"
T02 = "tutorials/02_softmax_regression_by_hand.py"
T04 = "tutorials/04_the_corrected_loss.py"
T05 = "tutorials/05_robust_softmax_regression.py"
T08 = "tutorials/08_the_reports_table_reproduced.py"
RMLR = "scratchnoise/models/robust_softmax_regression.py"
JOINT = "scratchnoise/estimate/joint.py"

CLAIMS = (
    Claim(T01, "network on Fashion-MNIST has {} accuracy after 7 epochs and {} after 30", _report_forgets),
    Claim(T01, "in {} to {} % of all draws", _without_margin),
    Claim(T04, "{} of {} raw runs ended in a loss that is no number", _raw_deaths),
    Claim(T04, "no epoch before had a risk below zero", _no_risk_below_zero),
    Claim(T04, "one ran up and one down", _one_up_one_down),
    Claim(T08, "by epoch 30 its network is down at {}, ours at {}", _network_at_the_end),
    Claim(T08, "{} of our {} runs died", _raw_deaths),
    Claim(T08, "the report's {} and {} are two draws", _flipped),
    Claim(T08, "none with a risk below zero in an epoch", _no_risk_below_zero),
    Claim(T08, "runs lived through the few epochs", _default_lives),
    Claim(T05, "{} of accuracy lost at the least", _em_costs),
    Claim(T05, "a label carries {} % of the information of a clean one", _information_39),
    Claim(T05, "Steps of a twentieth and less that go as far", _smaller_steps),
    Claim(T05, "has all rates between {} and {} and", _printed_rates),
    Claim(T02, "The report scores {} with this model", _report_mlr),
    Claim(RMLR, "at high noise the likelihood itself prefers a gamma that is too clean", _prefers_clean),
    Claim(JOINT, "mean error {} against {} on classes of 90, 7 and 3 %, the same on even classes", _balancing_costs),
    Claim("scratchnoise/study/protocol.py", "under (39) rMLR has a deviation of {} over draws", _between_draws),
    Claim("scratchnoise/study/report_numbers.py", "could not have moved {} to {}", _report_flips),
    Claim("scratchnoise/network/watch.py", "at most {} % of the draws of the labels", _stated_rate),
)
