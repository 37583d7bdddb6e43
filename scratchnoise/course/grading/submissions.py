"""What a folder of submissions holds: whose files they are, and which exercise each is."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """The files of one student: {filename of an exercise: path}, exercises that are not there left out."""

    student: str
    files: dict


def find_submissions(folder, filenames):
    """The submissions in a folder, by name: each folder in it is a student's, at any depth lie the exercises.

    A folder with exercises directly in it is one submission. filenames: of the exercises. Raises ValueError where there
    is no folder, or none with an exercise in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"DIR={str(folder)!r} is no folder; name the one that holds a folder for each student")
    if any((folder / name).is_file() for name in filenames):
        owners = [folder.resolve()]
    else:
        owners = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [Submission(_printable(owner.name), _exercises(owner, filenames)) for owner in owners]
    if not any(submission.files for submission in found):
        raise ValueError(f"DIR={str(folder)!r} holds no exercise; a submission has files such as {filenames[0]}")
    return found


def _exercises(owner, filenames):
    """{filename: path} below a folder; of two with one name, the one less deep, then the first by name."""
    found = {}
    for place, folders, files in os.walk(owner):
        folders.sort()
        for name in set(files).intersection(filenames):
            path = Path(place, name)
            if not path.is_symlink() and (name not in found or len(path.parts) < len(found[name].parts)):
                found[name] = path
    return found


def _printable(name):
    """A folder's name as a table can show it."""
    text = os.fsencode(name).decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)
