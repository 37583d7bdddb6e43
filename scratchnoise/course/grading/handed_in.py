"""What lies in a folder of submissions: its files, those in zip files and notebooks as Python files, each once.

Members of a zip are written to a folder of their own: two students' zips may have the same name.
"""

import json
import os
import re
import zipfile
from pathlib import Path

from ..student.wire import LONGEST

SKIPPED = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv"}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
LARGEST = LONGEST // 8  # bytes of a member of a zip file


def files_in(folder, workplace):
    """(name, path) of every file: its name below the folder, that of a zip included, and where it is.

    Archives that cannot be read are among them. Links and hidden files are not.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not is_hidden(Path(place, name)) and not Path(place, name).is_symlink()
        )
        for name in sorted(names):
            path = Path(place, name)
            below = path.relative_to(folder).as_posix()
            if path.is_symlink() or name.startswith("."):
                continue
            if path.suffix.lower() == ".zip":
                yield from _unzipped(path, below, workplace)
            else:
                yield below, _as_python(path, below, workplace)


def is_hidden(path):
    """Whether a folder holds nobody's work."""
    return path.name.startswith(".") or path.name in SKIPPED or (path / "pyvenv.cfg").exists()


def alone(path, workplace):
    """A copy in a folder of its own: beside it lie the files of other students."""
    target = workplace / "alone" / path.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(path.read_bytes())
    return target


def _unzipped(path, below, workplace):
    home = workplace / "zips" / below
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                parts = Path(member.filename.replace("\\", "/")).parts
                hidden = any(part.startswith(".") or part in SKIPPED for part in parts)
                if member.is_dir() or hidden or member.file_size > LARGEST or Path(*parts).is_absolute():
                    continue
                target = home / Path(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
                name = f"{below}/{'/'.join(parts)}"
                yield name, _as_python(target, name, workplace)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        yield below, path


def _as_python(path, below, workplace):
    """The file, or for a notebook the Python file that its cells make."""
    if path.suffix.lower() != ".ipynb":
        return path
    text = code_of_notebook(path)
    if text is None:
        return path
    target = workplace / "notebooks" / below / f"{path.stem}.py"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def code_of_notebook(path):
    """The cells that %%writefile writes, else all code cells without magics; None for what is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return None
    written = [code.partition("\n")[2] for code in codes if code.startswith("%%writefile")]
    if written:
        return "\n\n".join(written)
    return "\n\n".join(
        "\n".join("" if re.match(r"\s*[%!]", line) else line for line in code.split("\n")) for code in codes
    )
