"""From the files in tutorials/ to notebooks that have not been run."""

from dataclasses import dataclass
from pathlib import Path

PACKAGE_PARENT = Path(__file__).resolve().parent.parent.parent
# Pictures appear below their cells; tqdm does not ask for a widget library.
SETUP = """\
%matplotlib inline
%config InlineBackend.figure_format = "retina"
import warnings

warnings.filterwarnings("ignore", message="IProgress not found")"""
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class NotebookError(ValueError):
    """The notebooks cannot be built: no tutorials, a library is missing, or a cell failed."""


@dataclass(frozen=True)
class Tutorial:
    """One script: `path`, its `text` and the `notebook` made of it."""

    path: Path
    text: str
    notebook: dict

    @property
    def name(self):
        return self.path.stem

    def line(self, cell):
        """The line of the script on which `cell` begins, from 1."""
        return self.text[: self.text.index(cell.source)].count("\n") + 1


def read_tutorial(path):
    """A percent script as a notebook not yet run, with a cell that makes pictures appear after the title."""
    import jupytext
    from nbformat.v4 import new_code_cell

    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.cells.insert(1, new_code_cell(SETUP, metadata={"tags": ["setup"]}))
    return Tutorial(path, text, _finished(notebook))


def exercise_notebook(path):
    """A stub as a notebook: its task as text, its code in a cell that saves it, and a cell that checks it."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    text, number = path.read_text(encoding="utf-8"), path.stem[:2]
    title = f"# Exercise {number}: {path.stem[3:].replace('_', ' ')}"
    file = f"{path.stem}_notebook.py"  # a name of its own: a file that was edited elsewhere is not written over
    explained = (
        f"The first cell is the exercise: fill it in and run it, which saves it as `{file}`. The second defines its "
        f"functions here, to try them. The third checks the file; `scratchnoise hint {number}` gives a hint."
    )
    check = f'import sys\n\n!"{{sys.executable}}" -m scratchnoise check {file}'
    cells = [
        new_markdown_cell(f"{title}\n\n{explained}"),
        new_code_cell(f"%%writefile {file}\n{text.rstrip()}"),
        new_code_cell(f"%run {file}"),
        new_code_cell(check),
    ]
    return _finished(new_notebook(cells=cells))


def _finished(notebook):
    """The same metadata and cell names in every build, so that equal sources give equal files."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.metadata = {"kernelspec": KERNEL}
    return notebook
