"""Exercises of a teacher's own: from the folder in $SCRATCHNOISE_EXERCISES, or from installed packages.

A file in the folder, or a package with the entry point group `scratchnoise.exercises`, has a tuple EXERCISES. An
exercise with a number that is taken replaces that one; the order is that of the numbers. TEACHING.md has an example.
"""

import os
import runpy
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

FOLDER = "SCRATCHNOISE_EXERCISES"
GROUP = "scratchnoise.exercises"


def own_exercises():
    """The exercises of the folder and of the packages. Raises ValueError for a file without EXERCISES."""
    found = [exercise for entry in entry_points(group=GROUP) for exercise in entry.load().EXERCISES]
    folder = os.environ.get(FOLDER)
    for path in sorted(Path(folder).glob("*.py")) if folder else ():
        names = runpy.run_path(str(path))
        if "EXERCISES" not in names:
            raise ValueError(f"{path}, in ${FOLDER}, has no tuple EXERCISES")
        found += names["EXERCISES"]
    return found


def own_places():
    """The folders that hold their answers, to be hidden from students' code."""
    packages = (find_spec(entry.module.partition(".")[0]) for entry in entry_points(group=GROUP))
    found = [place for spec in packages if spec for place in spec.submodule_search_locations or ()]
    return [*found, str(Path(os.environ[FOLDER]).resolve())] if os.environ.get(FOLDER) else found
