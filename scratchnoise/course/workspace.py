"""A student's folder: stubs are written there, found there again, and what was passed when is remembered."""

import json
from datetime import date
from pathlib import Path

from ..files import write_whole

STUBS = Path(__file__).with_name("stubs")
PLACES = (Path(), Path("exercises"), Path("tutorials") / "exercises")  # below a folder, where exercises may lie
PROGRESS = ".scratchnoise.json"
LAUNCH = {
    "version": "0.2.0",
    "configurations": [
        {
            "name": "scratchnoise check of this file",
            "type": "debugpy",
            "request": "launch",
            "module": "scratchnoise",
            "args": ["check", "${file}"],
            "console": "integratedTerminal",
            "justMyCode": True,
            "subProcess": True,
        }
    ],
}


def start(exercises, folder):
    """Write the stubs of exercises, and a launch file for VS Code: [(path, "written" | "there already" | "yours")].

    A file that is there is never written over, whatever is in it. Raises OSError where nothing can be written.
    """
    folder = Path(folder)
    wanted = {folder / exercise.filename: exercise.stub for exercise in exercises}
    wanted[folder / ".vscode" / "launch.json"] = json.dumps(LAUNCH, indent=2) + "\n"
    done = []
    for path, text in wanted.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            done.append((path, "written"))
        else:
            same = path.read_bytes().replace(b"\r\n", b"\n") == text.encode()
            done.append((path, "there already" if same else "yours"))
    return done


def find(filename, folder=None):
    """The file of that name: in `folder` if one is given, else here or in a folder above; None if there is none."""
    if folder is not None:
        path = Path(folder) / filename
        return path if path.is_file() else None
    here = Path.cwd()
    for above in (here, *here.parents):
        for place in PLACES:
            path = above / place / filename
            if path.is_file():
                return path.relative_to(here) if path.is_relative_to(here) else path
    return None


def progress(folder):
    """{number: {"passed": date, "hints": how many were read, "accuracy": of the model that it opens}} of a folder.

    {} if nothing is known.
    Raises ValueError for a file that somebody else has written.
    """
    path = Path(folder) / PROGRESS
    if not path.is_file():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return {str(number): dict(entry) for number, entry in known.items()}
    except (ValueError, AttributeError, TypeError):
        raise ValueError(f"{path} does not hold the progress of the exercises; delete it to begin anew") from None


def remember(folder, number, passed=False, hint=0, accuracy=None):
    """Note that an exercise was passed today, for the first time, that a hint was read, or how well a model did."""
    known = progress(folder)
    entry = known.setdefault(number, {})
    if passed:
        entry.setdefault("passed", date.today().isoformat())
    if hint:
        entry["hints"] = max(hint, entry.get("hints", 0))
    if accuracy is not None:
        entry["accuracy"] = accuracy
    write_whole(Path(folder) / PROGRESS, (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())
