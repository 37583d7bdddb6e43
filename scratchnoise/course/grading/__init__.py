"""`scratchnoise grade DIR`: checking the submissions of a class, whatever they do.

Every exercise of every student is checked in a process of its own. It has a limit on its time, memory, processes and
files; where Linux grants namespaces it also has no network, sees no files but its own and Python's, and is gone with
everything it has started when its time is up. A loop without end costs that one exercise its time, and nobody else
anything.

The judge lives in another process. It sends arguments, gets arrays back as bytes and compares them where no student's
code has ever run; in the process of the student there is neither the library, nor its source, nor an expected value.
What remains possible: a right answer that somebody else has written, and a file that computes it with another library
that is installed here. Without namespaces the library's source can be read as well. Reading the file tells.
"""

import sys
from pathlib import Path

EXAMPLES = """examples:
  scratchnoise grade submissions                            a folder that holds a folder for each student
  scratchnoise grade submissions --out week3.json --exercises 01,02 --jobs 4
"""


def add_command(commands):
    """Add `grade` to the subparsers of the command line."""
    from argparse import RawDescriptionHelpFormatter

    command = commands.add_parser(
        "grade",
        help="check a folder of submissions, each exercise in a process that can do no harm",
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("folder", metavar="DIR", help="holds a folder for each student, or the files of one")
    add("--out", default="grades.csv", metavar="FILE", help=".csv or .json, replaced (default: %(default)s)")
    add("--jobs", type=_at_least(1), default=2, metavar="N", help="processes at a time (default: %(default)s)")
    add("--seed", type=int, default=0, help="of the inputs that are drawn (default: %(default)s)")
    add("--time", type=_at_least(1), default=20, metavar="SECONDS", help="of CPU, each exercise (default: %(default)s)")
    add("--memory", type=_at_least(64), default=1024, metavar="MB", help="beyond Python's own (default: %(default)s)")
    add("--layout", metavar="REGEX", help="of the paths in DIR, with the groups student and exercise")
    add("--points", metavar="FILE.json", help='{"01": 10, "02": {"cross_entropy": 4, ...}} (default: 1 a function)')
    add("--late", metavar="FILE.csv", help="columns student and days")
    add("--late-share", type=float, default=0.1, metavar="S", help="of the points, lost a day (default: %(default)s)")
    add("--table", metavar="FILE.csv", help="one line a student, in points, for a spreadsheet")
    add("--feedback", metavar="DIR", help="feedback.txt and Gradescope's results.json for each student")
    add("--exercises", metavar="01,02", help="numbers or names (default: all)")
    command.set_defaults(run=run_grade)


def run_grade(arguments):
    """Grade, write the rows, print the table; returns 1 when it was stopped before the end, else 0."""
    _need_linux()
    from tqdm import tqdm

    from .grader import Grading
    from .guard import MB, Limits
    from .points import read_points
    from .report import check_path, print_rows, write_feedback, write_rows, write_table

    out, numbers = Path(arguments.out), arguments.exercises and arguments.exercises.split(",")
    check_path(out)
    limits = Limits(seconds=arguments.time, memory=arguments.memory * MB)
    grading = Grading(arguments.folder, numbers, limits, arguments.jobs, arguments.seed, arguments.layout)
    points = read_points(grading.exercises, arguments.points, arguments.late, arguments.late_share)
    for note in [*grading.notes, *grading.unknown(points.late)]:
        print(note, file=sys.stderr)
    rows, stopped = [], False
    try:
        with grading:
            if not grading.walls["namespaces"]:
                print(grading.protection(), file=sys.stderr)  # in time to stop it
            for row in tqdm(grading.rows(), total=len(grading), desc="grading", unit=" exercises"):
                rows.append(row)
    except KeyboardInterrupt:
        if not rows:
            raise
        stopped = True
    rows = grading.in_order(rows)
    write_rows(rows, out)
    if arguments.table:
        write_table(rows, points, Path(arguments.table))
    if arguments.feedback:
        write_feedback(rows, points, Path(arguments.feedback))
    print_rows(rows)
    print(grading.protection())
    print(f"{len(rows)} of {len(grading)} rows are in {out}{'; stopped before the end' if stopped else ''}")
    return int(stopped)


def _need_linux():
    if sys.platform != "linux":
        raise OSError(
            "grade runs other people's code and relies on Linux to contain it; on this system use a container or "
            "a virtual machine with Linux, or, for code that you trust, scratchnoise check --all --json --folder DIR"
        )


def _at_least(least):
    def parse(text):
        import argparse

        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} should be a whole number of at least {least}")
        return int(text)

    return parse
