"""From rows to points: weights of functions, partial credit, late days."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path


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

    Raises ValueError for what these files should not hold, OSError for files that are not there.
    """
    weights = {exercise.number: {spec.name: 1.0 for spec in exercise.functions} for exercise in exercises}
    given = json.loads(Path(points).read_text(encoding="utf-8")) if points else {}
    for number, worth in given.items():
        if number not in weights:
            raise ValueError(f"{points}: there is no exercise {number!r}; numbers are {', '.join(weights)}")
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


def _late_days(path):
    if not path:
        return {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    try:
        return {row["student"]: float(row["days"]) for row in rows}
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} should have the columns student and days, days a number") from None
