"""From rows to points: weights of functions, partial credit, late days."""

import csv
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ..exercises import EXERCISES


@dataclass(frozen=True)
class Points:
    """What everything is worth. weights: {number: {function: points}}; late: {student: days}; share: lost a day."""

    weights: dict
    late: dict
    share: float = 0.0

    def most(self, number):
        """The points of a whole exercise."""
        return sum(self.weights[number].values())

    def of(self, row):
        """The points of a row: its functions that passed, less the share of each late day, never below 0."""
        earned = sum(points for name, points in self.weights[row.exercise].items() if name in row.passed.split())
        days = self.late.get(row.student, 0)
        return round(earned * max(0.0, 1 - self.share * days), 4)


def read_points(exercises, points=None, late=None, share=0.0):
    """Points from files: points is JSON, {"01": 10} shared among its functions or {"01": {"softmax": 6, ...}};
    late is CSV with the columns student and days. Without a file each function is worth one point.

    Points of exercises that are not graded this time are passed over.
    Raises ValueError for what these files should not hold, OSError for files that are not there.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"--late-share={share:g} should be from 0 to 1, the share of the points that a day costs")
    weights = {exercise.number: {spec.name: 1.0 for spec in exercise.functions} for exercise in exercises}
    for number, worth in _given(points).items():
        if number not in weights and number in EXERCISES:
            continue
        if number not in weights:
            raise ValueError(f"{points}: there is no exercise {number!r}; numbers are {', '.join(EXERCISES)}")
        names = list(weights[number])
        if isinstance(worth, dict):
            unknown = sorted(set(worth) - set(names))
            if unknown:
                raise ValueError(
                    f"{points}: exercise {number} has no function {unknown[0]!r}; it has {', '.join(names)}"
                )
            weights[number] = {name: float(worth.get(name, 0)) for name in names}
        else:
            weights[number] = {name: float(worth) / len(names) for name in names}
    return Points(weights, _late_days(late), share)


def _given(path):
    """What a JSON file says about points: {number: points, or points of its functions}."""
    if not path:
        return {}
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        numbers = [x for worth in given.values() for x in (worth.values() if isinstance(worth, dict) else [worth])]
    except (ValueError, AttributeError) as error:
        raise ValueError(
            f'{path} should hold JSON such as {{"01": 10, "02": {{"cross_entropy": 4}}}}: {error}'
        ) from None
    for points in numbers:
        if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points < float("inf"):
            raise ValueError(f"{path}: points={points!r} should be a number of at least 0")
    return given


def _late_days(path):
    """{student: days} of a CSV file. Raises ValueError for other columns, days below 0, and a student named twice."""
    if not path:
        return {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    days = {}
    for row in rows:
        try:
            student, late = unicodedata.normalize("NFC", row["student"].strip()), float(row["days"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ValueError(f"{path} should have the columns student and days, days a number") from None
        if not 0 <= late < float("inf") or student in days:
            raise ValueError(f"{path}: {student} should have one line, with days of at least 0")
        days[student] = late
    return days
