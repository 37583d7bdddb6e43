"""A claim of the report and what our rows answer, and the words in which differences are told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Answer(NamedTuple):
    """What our rows say of a claim: a sentence, its lines, the control that could have said otherwise, and pictures."""

    sentence: str
    items: tuple
    control: str
    pictures: Mapping = MappingProxyType({})  # files beside the page, and what each shows


def shown(difference):
    """The difference, its interval, and whether that leaves out 0, in words."""
    return f"{difference}, {'shown' if difference.is_shown else 'not shown'}"


def counted(differences, sign=1):
    """How many differences of that sign are shown, and of how many, in words."""
    found = list(differences)
    return f"{sum(d.is_shown and d.mean * sign > 0 for d in found)} of {len(found)}"


def noise_name(name):
    """The name of a noise in a text: the number of its equation in the report, where it has one."""
    return {"0.5": "(38)", "0.6": "(39)"}.get(name, name)


def percent(share):
    """A share as a whole number of hundredths, in a text."""
    return f"{100 * share:.0f} %"
