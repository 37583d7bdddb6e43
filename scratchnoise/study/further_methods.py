"""The methods of `further` in the report's setting, each beside plain training: a table of RESULTS.md.

The rows are those of `scratchnoise reproduce --data fashion-mnist --methods further` and of a few methods of the
report, with the preset "quick". A network is held against NN, which has plain cross-entropy; any other method against
MLR (own settings).
"""

import numpy as np

from .findings import accuracies
from .further import FURTHER
from .grids import heading
from .methods import METHODS
from .statistics import compare

SETTINGS = (("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"))
PLAIN, LINEAR = "NN", "MLR (own settings)"


def table(rows):
    """The lines of a table in Markdown: mean (deviation) of the draws after the last epoch, and the gain over plain."""
    names = [heading(*setting) for setting in SETTINGS]
    lines = [f"| method | {' | '.join(f'{name} | less plain' for name in names)} |", "| --- |" + " --- |" * 4]
    for method in _methods(rows):
        cells = []
        for setting in SETTINGS:
            values = list(accuracies(rows, setting, method).values())
            gain = _gain(rows, setting, method)
            deviation = f" ({np.std(values, ddof=1):.3f})" if len(values) > 1 else ""
            cells += [f"{np.mean(values):.3f}{deviation}" if values else "", str(gain) if gain else ""]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return lines


def described(rows):
    """Which methods are shown to be better or worse than plain training, under each noise: list of str."""
    draws = len({row["draw"] for row in rows})
    said = [f"{draws} draws; so few show large differences alone."]
    for setting in SETTINGS:
        for kind, plain in (("networks", PLAIN), ("other methods", LINEAR)):
            gaps = {m: _gain(rows, setting, m) for m in _methods(rows) if _plain(m) == plain and m != plain}
            gaps = {m: gap for m, gap in gaps.items() if gap}
            better, worse = (
                [f"{m} {gap.mean:+.3f}" for m, gap in gaps.items() if gap.is_shown and gap.mean * sign > 0]
                for sign in (1, -1)
            )
            said.append(
                f"{heading(*setting)}, {kind} less {plain}: shown to be better {len(better)} of {len(gaps)}"
                f"{_listed(better)}; worse {len(worse)}{_listed(worse)}"
            )
    return said


def _listed(texts):
    return f" ({', '.join(texts)})" if texts else ""


def _methods(rows):
    """The methods that have rows, those of the report first."""
    ran = {row["method"] for row in rows}
    return [name for name in (*METHODS, *FURTHER) if name in ran]


def _plain(method):
    """What a method is held against."""
    return PLAIN if (METHODS | FURTHER)[method].is_network else LINEAR


def _gain(rows, setting, method):
    """Accuracy less that of plain training, paired over draws: Difference, None for the plain method itself."""
    plain = _plain(method)
    return None if method == plain else compare(*(accuracies(rows, setting, one) for one in (method, plain)))
