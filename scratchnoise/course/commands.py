"""The commands `scratchnoise check` and `scratchnoise hint`."""

import json
import sys
from pathlib import Path

FOLDER = Path("tutorials") / "exercises"
STYLES = {"passed": "green", "failed": "bold red", "not started": "dim"}
CHECK_EXAMPLES = """examples:
  scratchnoise check 01              one exercise, by its number or its name
  scratchnoise check --all           a table of all of them
  scratchnoise check --all --json    the same for a program
  scratchnoise check 01 --seed 7     on other inputs
"""


def add_commands(commands):
    """Add `check` and `hint` to the subparsers of the command line."""
    check = commands.add_parser("check", help="check an exercise: what is wrong, on which smallest input")
    check.epilog, check.formatter_class = CHECK_EXAMPLES, _raw_formatter()
    add = check.add_argument
    add("exercise", nargs="?", help="number or name, e.g. 01 or softmax (default: the first one not passed)")
    add("--all", action="store_true", help="every exercise, as a table")
    add("--json", action="store_true", help="print a list of results instead of text")
    add("--seed", type=int, default=0, help="of the inputs that are drawn (default: %(default)s)")
    add("--folder", metavar="DIR", help=f"where your files are (default: {FOLDER}, or here)")
    check.set_defaults(run=run_check)
    hint = commands.add_parser("hint", help="a hint for an exercise: a nudge, a step, nearly the formula")
    hint.add_argument("exercise", help="number or name, e.g. 01 or softmax")
    hint.add_argument("level", nargs="?", type=int, choices=(1, 2, 3), default=1, help="default: %(default)s")
    hint.set_defaults(run=run_hint)


def _raw_formatter():
    import argparse

    return argparse.RawDescriptionHelpFormatter


def run_check(arguments):
    """Check one exercise, 0 if it passed, else 1; or all, 0 if none failed, else 1."""
    from .checker.file import check_file
    from .exercises import EXERCISES, find_exercise

    if arguments.all and arguments.exercise:
        raise ValueError(f"give either an exercise or --all, not both ({arguments.exercise!r} and --all)")
    folder = find_folder(arguments.folder, [exercise.filename for exercise in EXERCISES.values()])
    if arguments.all:
        return _check_all(EXERCISES.values(), folder, arguments)
    if arguments.exercise:
        wanted = [find_exercise(arguments.exercise)]
    else:
        wanted = EXERCISES.values()
    for exercise in wanted:
        result = check_file(folder / exercise.filename, exercise.number, arguments.seed)
        if result.status != "passed":
            break
    print(json.dumps([result.as_dict()], indent=1) if arguments.json else result.message)
    return 0 if result.status == "passed" else 1


def _check_all(exercises, folder, arguments):
    from .checker.file import check_file

    results = []
    for exercise in exercises:
        if sys.stderr.isatty():
            print(f"\rchecking {exercise.number} {exercise.name:<30}", end="", file=sys.stderr, flush=True)
        if (folder / exercise.filename).is_file():
            results.append((exercise, check_file(folder / exercise.filename, exercise.number, arguments.seed)))
    if sys.stderr.isatty():
        print(f"\r{'':<42}\r", end="", file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps([result.as_dict() for _, result in results], indent=1))
    else:
        print_table(results, folder)
    return int(any(result.status == "failed" for _, result in results))


def find_folder(given, filenames):
    """The folder of the student's files. Raises ValueError when there is none with at least one of `filenames`."""
    candidates = [Path(given)] if given else [FOLDER, Path()]
    for folder in candidates:
        if any((folder / name).is_file() for name in filenames):
            return folder
    where = " or ".join(str(folder.resolve()) for folder in candidates)
    raise ValueError(
        f"no exercise such as {filenames[0]} in {where}; go to the folder of the project, or name another with --folder"
    )


def print_table(results, folder, console=None):
    """Print one row for each exercise, and what to do next. results: list of (Exercise, Result)."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading, options in (("", {"no_wrap": True}), ("exercise", {}), ("", {"no_wrap": True}), ("stopped at", {})):
        table.add_column(heading, **options)
    for exercise, result in results:
        stopped = ": ".join(text for text in (result.function, result.step) if text)
        if result.mistake:
            stopped += f" ({result.mistake})"
        status = Text(result.status, STYLES[result.status])
        table.add_row(exercise.number, Text(exercise.title), status, Text(stopped.replace("_", "_\u200b")))
    console = console or Console()
    console.print(table)
    counts = [sum(result.status == status for _, result in results) for status in STYLES]
    console.print("{} passed, {} failed, {} not started".format(*counts))
    open_ones = [exercise for exercise, result in results if result.status != "passed"]
    if open_ones:
        first = open_ones[0]
        console.print(f"next: open {folder / first.filename}, then scratchnoise check {first.number}", soft_wrap=True)


def run_hint(arguments):
    """Print one hint and where the next one is."""
    import textwrap

    from .exercises import find_exercise

    exercise = find_exercise(arguments.exercise)
    print(f"{exercise.number} {exercise.name}, hint {arguments.level} of {len(exercise.hints)}\n")
    print(textwrap.fill(exercise.hints[arguments.level - 1], 97, initial_indent="   ", subsequent_indent="   "))
    if arguments.level < len(exercise.hints):
        print(f"\n   more: scratchnoise hint {exercise.number} {arguments.level + 1}")
