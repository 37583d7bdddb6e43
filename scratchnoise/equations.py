"""The index of equations: what each says, and which function, class or property has its tag "Eq. (N)."."""

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from .formulas import FORMULAS

TAG = re.compile(r"\bEq\. \((\d+)\)")
EQUATIONS = range(1, len(FORMULAS) + 1)
PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Place:
    """Where an equation is implemented: qualified name, file relative to the package's parent, line."""

    equation: int
    name: str
    file: str
    line: int


def find_equations():
    """All tags in the package's docstrings, read from the source without importing it: list of Place."""
    places = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "check"):  # they test the equations, they do not implement them
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = path.parent.name if path.stem == "__init__" else path.stem
        places += _places(tree, path.relative_to(PACKAGE.parent), module)
    return sorted(places, key=lambda place: (place.equation, place.file, place.line))


def _places(node, file, prefix):
    found = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{prefix}.{child.name}"
            tags = sorted({int(number) for number in TAG.findall(ast.get_docstring(child) or "")})
            found += [Place(number, name, str(file), child.lineno) for number in tags]
            found += _places(child, file, name)
    return found


def print_equations(number=None):
    """Print equation -> function, file and line, for all equations; for one of them what it says as well.

    Raises ValueError for a number that the report does not have.
    """
    if number is not None and number not in EQUATIONS:
        raise ValueError(f"equation {number} is not in the report; it has (1) to ({EQUATIONS[-1]})")
    if number is not None:
        print_formula(number)
    wanted = EQUATIONS if number is None else [number]
    places = find_equations()
    for equation in wanted:
        here = [place for place in places if place.equation == equation]
        for i, place in enumerate(here):
            print(f"{f'({equation})' if i == 0 else '':>5}  {place.name:<48} {place.file}:{place.line}")
        if not here:
            print(f"{f'({equation})':>5}  no function of its own")
    if number is None:
        print("\nscratchnoise equations 17 shows what (17) says")


def print_formula(number):
    """Print what an equation says in our letters, and what holds where the print is wrong."""
    title, lines, holds = FORMULAS[number]
    print(f"{f'({number})':>5}  {title}\n")
    print(textwrap.indent(lines, " " * 11))
    if holds:
        print(f"\n       what holds\n{textwrap.indent(holds, ' ' * 11)}")
    print()
