"""`scratchnoise notebooks`: the tutorials as executed notebooks and as the pages of a site that needs no network.

The percent scripts in `tutorials/` are the only source, and nothing is written before all of them have succeeded. The
libraries that it takes are the extra `docs`.
"""

from importlib.util import find_spec
from pathlib import Path

from ..course.workspace import STUBS
from ..files import write_whole
from .convert import PACKAGE_PARENT, NotebookError, exercise_notebook, read_tutorial

__all__ = ["NotebookError", "add_command", "build", "find_folder"]

SCRIPTS = "[0-9][0-9]_*.py"
LIBRARIES = ("ipykernel", "jupytext", "latex2mathml", "nbclient", "nbconvert")


def add_command(commands):
    """Add `notebooks` to the subcommands of an argument parser."""
    command = commands.add_parser(
        "notebooks",
        help="build the site: tutorials, exercises, API reference, results",
        description="Run every tutorial and write it as a notebook and as a page; with them the exercises, the "
        "reference of the API and the documents of the repository: a site that needs no network. "
        "SCRATCHNOISE_FAST=1 in the environment runs the tutorials at their small sizes. Needs: "
        'python -m pip install -e ".[docs]"',
    )
    add = command.add_argument
    add("--out", default="notebooks", metavar="DIR", help="folder of the pages (default: %(default)s)")
    add("--folder", metavar="DIR", help="folder of the tutorials (default: tutorials/ here or of the clone)")
    add("--jobs", type=int, default=1, metavar="N", help="tutorials run at the same time (default: %(default)s)")
    command.set_defaults(run=_run)


def _run(arguments):
    index = build(arguments.out, arguments.folder, arguments.jobs)
    print(f"Site: {index}")


def build(out, folder=None, jobs=1):
    """Run the tutorials and write the site: index.html, NN_name.html and NN_name.ipynb, exercises, reference, results.

    exercises/NN_name.ipynb is never written over.

    out: folder to write to, made if need be.  folder: of the tutorials, None to look for it.  jobs: how many run at the
    same time, at least 1.  Returns the path of index.html.
    Raises NotebookError, naming what is missing or the tutorial and the cell that failed; nothing is written then.
    """
    if jobs < 1:
        raise NotebookError(f"jobs={jobs}; it should be at least 1")
    folder = find_folder(folder)
    _check_libraries()
    import asyncio

    from .execute import execute_all
    from .site import site_pages
    from .steps import step_pages

    tutorials = [read_tutorial(path) for path in sorted(folder.glob(SCRIPTS))]
    exercises = {path.stem: exercise_notebook(path) for path in sorted(STUBS.glob(SCRIPTS))}
    asyncio.run(execute_all(tutorials, jobs))
    notebooks = {tutorial.name: tutorial.notebook for tutorial in tutorials}
    files = {f"{name}.ipynb": _json(notebook) for name, notebook in notebooks.items()}
    files |= site_pages(notebooks, folder.parent)
    files |= step_pages(notebooks)
    for name, text in files.items():
        write_whole(Path(out) / name, text.encode())
    for name, notebook in exercises.items():
        path = Path(out) / "exercises" / f"{name}.ipynb"
        if not path.exists():  # it is the student's from then on
            write_whole(path, _json(notebook).encode())
    return Path(out) / "index.html"


def find_folder(folder=None):
    """The folder of the tutorials: the one given, else tutorials/ here, else the one of the clone.

    Raises NotebookError where it holds no script named NN_name.py.
    """
    places = [Path(folder)] if folder else [Path("tutorials"), PACKAGE_PARENT / "tutorials"]
    for place in places:
        if any(place.glob(SCRIPTS)):
            return place.resolve()
    raise NotebookError(
        f"no tutorial NN_name.py in {' or '.join(map(str, places))}: they are part of the repository, not of the "
        "installed package; run this in a clone, or name their folder with --folder"
    )


def _check_libraries():
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        advice = 'the notebooks need the extra "docs": python -m pip install -e ".[docs]"'
        raise NotebookError(f"{missing[0]} is not installed; {advice}")


def _json(notebook):
    import nbformat

    return nbformat.writes(notebook)
