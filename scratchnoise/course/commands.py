"""The commands of a student: `scratchnoise start`, `check`, `hint` and `course`."""

import json
import sys
from pathlib import Path

STYLES = {"passed": "green", "failed": "bold red", "not started": "dim"}
START_EXAMPLES = """examples:
  scratchnoise start 01              the first stub, here
  scratchnoise start --all work      all of them, in the folder work
"""
CHECK_EXAMPLES = """examples:
  scratchnoise check 01              one exercise, by its number or its name
  scratchnoise check my/01_softmax.py
                                     that file
  scratchnoise check --all           a table of all of them
  scratchnoise check --all --json    the same for a program
  scratchnoise check 01 --seed 7     on other inputs
"""


def add_commands(commands):
    """Add `start`, `check`, `hint` and `course` to the subparsers of the command line."""
    start = commands.add_parser("start", help="write the stub of an exercise, never over a file of yours")
    start.epilog, start.formatter_class = START_EXAMPLES, _raw_formatter()
    start.add_argument("exercise", nargs="?", help="number or name (default: the first one, with --all every one)")
    start.add_argument("folder", nargs="?", metavar="DIR", help="where to (default: here)")
    start.add_argument("--all", action="store_true", help="every exercise")
    start.set_defaults(run=run_start)
    check = commands.add_parser("check", help="check an exercise: what is wrong, on which smallest input")
    check.epilog, check.formatter_class = CHECK_EXAMPLES, _raw_formatter()
    add = check.add_argument
    add("exercise", nargs="?", help="number, name or file, e.g. 01 or softmax (default: the first one not passed)")
    add("--all", action="store_true", help="every exercise, as a table")
    add("--json", action="store_true", help="print a list of results instead of text")
    add("--seed", type=int, default=0, help="of the inputs that are drawn (default: %(default)s)")
    add("--folder", metavar="DIR", help="where your files are (default: here, in exercises/, or in a folder above)")
    check.set_defaults(run=run_check)
    hint = commands.add_parser("hint", help="a hint for an exercise: a nudge, a step, nearly the formula")
    hint.add_argument("exercise", help="number or name, e.g. 01 or softmax")
    hint.add_argument("level", nargs="?", type=int, choices=(1, 2, 3), default=1, help="default: %(default)s")
    hint.set_defaults(run=run_hint)
    course = commands.add_parser("course", help="the way through tutorials and exercises, and how far you are")
    course.add_argument("--folder", metavar="DIR", help="where your files are")
    course.set_defaults(run=run_course)


def _raw_formatter():
    import argparse

    return argparse.RawDescriptionHelpFormatter


def run_start(arguments):
    """Write stubs and say what to do next."""
    from .exercises import EXERCISES, find_exercise
    from .workspace import start

    if arguments.all:
        if arguments.folder:
            raise ValueError(f"give either an exercise or --all, not both ({arguments.exercise!r} and --all)")
        wanted, folder = list(EXERCISES.values()), arguments.exercise or "."
    else:
        wanted, folder = [find_exercise(arguments.exercise or next(iter(EXERCISES)))], arguments.folder or "."
    done = start(wanted, folder)
    words = {"written": "written", "there already": "is there already", "yours": "is yours and stays as it is"}
    for path, status in done:
        print(f"{path} {words[status]}")
    first = wanted[0]
    where = "" if Path(folder).resolve() == Path.cwd() else f" --folder {_quoted(folder)}"
    print(f"next: open {done[0][0]}, then scratchnoise check {first.number}{where}")


def _quoted(path):
    text = str(path)
    return f'"{text}"' if " " in text else text


def run_check(arguments):
    """Check one exercise, 0 if it passed, else 1; or all, 0 if none failed, else 1."""
    from .exercises import EXERCISES

    if arguments.all and arguments.exercise:
        raise ValueError(f"give either an exercise or --all, not both ({arguments.exercise!r} and --all)")
    if arguments.all:
        return _check_all(EXERCISES.values(), arguments)
    if arguments.exercise:
        wanted = [_file_of(arguments.exercise, arguments.folder)]
    else:
        wanted = _files(EXERCISES.values(), arguments.folder)
    for exercise, path in wanted:
        result = _checked(exercise, path, arguments.seed)
        if result.status != "passed":
            break
    print(json.dumps([result.as_dict()], indent=1) if arguments.json else result.message)
    return 0 if result.status == "passed" else 1


def _checked(exercise, path, seed):
    from .checker.file import check_file
    from .workspace import remember

    result = check_file(path, exercise.number, seed)
    if result.status == "passed":
        remember(path.parent, exercise.number, passed=True)
    return result


def _file_of(text, folder):
    """(Exercise, path) of a number, a name or a file. Raises ValueError where there is no such exercise or file."""
    from .exercises import find_exercise
    from .workspace import find

    path = Path(text)
    if path.is_file() or len(path.parts) > 1 or path.suffix == ".py":
        if folder is not None:
            path = Path(folder) / path
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return find_exercise(path.name), path
    exercise = find_exercise(text)
    path = find(exercise.filename, folder)
    if path is None:
        raise ValueError(_nothing_there(exercise, folder))
    return exercise, path


def _files(exercises, folder):
    """[(Exercise, path)] of those that are there. Raises ValueError where there is none."""
    from .workspace import find

    found = [(exercise, find(exercise.filename, folder)) for exercise in exercises]
    found = [(exercise, path) for exercise, path in found if path is not None]
    if not found:
        raise ValueError(_nothing_there(next(iter(exercises)), folder))
    return found


def _nothing_there(exercise, folder):
    where = Path(folder).resolve() if folder else f"{Path.cwd()} or a folder above"
    into = f" {_quoted(folder)}" if folder else ""
    return f"no exercise such as {exercise.filename} in {where}; scratchnoise start {exercise.number}{into} writes it"


def _check_all(exercises, arguments):
    results = []
    for exercise, path in _files(exercises, arguments.folder):
        if sys.stderr.isatty():
            print(f"\rchecking {exercise.number} {exercise.name:<30}", end="", file=sys.stderr, flush=True)
        results.append((exercise, path, _checked(exercise, path, arguments.seed)))
    if sys.stderr.isatty():
        print(f"\r{'':<42}\r", end="", file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps([result.as_dict() for *_, result in results], indent=1))
    else:
        print_table(results)
    return int(any(result.status == "failed" for *_, result in results))


def print_table(results, console=None):
    """Print one row for each exercise, and what to do next. results: list of (Exercise, path, Result)."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .checker.message import command

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading, options in (("", {"no_wrap": True}), ("exercise", {}), ("", {"no_wrap": True}), ("stopped at", {})):
        table.add_column(heading, **options)
    for exercise, _, result in results:
        stopped = ": ".join(text for text in (result.function, result.step) if text)
        if result.mistake:
            stopped += f" ({result.mistake})"
        status = Text(result.status, STYLES[result.status])
        table.add_row(exercise.number, Text(exercise.title), status, Text(stopped.replace("_", "_\u200b")))
    console = console or Console()
    console.print(table)
    counts = [sum(result.status == status for *_, result in results) for status in STYLES]
    console.print("{} passed, {} failed, {} not started".format(*counts))
    open_ones = [(exercise, path) for exercise, path, result in results if result.status != "passed"]
    if open_ones:
        first, path = open_ones[0]
        console.print(f"next: open {path}, then {command(first, path)}", soft_wrap=True)


def run_hint(arguments):
    """Print one hint and where the next one is."""
    import textwrap

    from .exercises import find_exercise

    exercise = find_exercise(arguments.exercise)
    print(f"{exercise.number} {exercise.name}, hint {arguments.level} of {len(exercise.hints)}\n")
    print(textwrap.fill(exercise.hints[arguments.level - 1], 97, initial_indent="   ", subsequent_indent="   "))
    if arguments.level < len(exercise.hints):
        print(f"\n   more: scratchnoise hint {exercise.number} {arguments.level + 1}")
    _note_hint(exercise, arguments.level)


def _note_hint(exercise, level):
    from .workspace import find, remember

    path = find(exercise.filename)
    if path is not None:
        remember(path.parent, exercise.number, hint=level)


def run_course(arguments):
    """Print the way: for each exercise the tutorial that teaches it, when it was passed, what it opens."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .exercises import EXERCISES
    from .path import TAUGHT_BY, UNLOCKS
    from .workspace import find, progress

    paths = [find(exercise.filename, arguments.folder) for exercise in EXERCISES.values()]
    folder = next((path.parent for path in paths if path is not None), None)
    known = progress(folder) if folder is not None else {}
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("tutorial", "", "exercise", "passed", "hints", "opens"):
        table.add_column(heading)
    for exercise in EXERCISES.values():
        entry = known.get(exercise.number, {})
        tutorial = TAUGHT_BY.get(exercise.number, "")[:2]
        cells = [tutorial, exercise.number, exercise.title, entry.get("passed", ""), str(entry.get("hints", "") or "")]
        table.add_row(*map(Text, [*cells, _opened(exercise.number, entry)]))
    Console().print(table)
    if any("passed" in known.get(number, {}) for number in UNLOCKS):
        print("scratchnoise train --mine trains what is open")
    following = next((e for e in EXERCISES.values() if "passed" not in known.get(e.number, {})), None)
    if following is not None:
        there = find(following.filename, arguments.folder) is not None
        print(f"next: scratchnoise {'check' if there else 'start'} {following.number}")


def _opened(number, entry):
    """The model that an exercise opens, and its accuracy if it was trained."""
    from .path import UNLOCKS

    model = UNLOCKS.get(number, "")
    return f"{model}: {entry['accuracy']:.3f}" if "accuracy" in entry else model
