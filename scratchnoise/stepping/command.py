"""The command `scratchnoise step`."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  scratchnoise step                             what can be stepped through
  scratchnoise step softmax                     writes softmax.html, a page for any browser
  scratchnoise step conv2d_forward --terminal   the same here, with the arrow keys
  scratchnoise step linear_loss_grad --pdb      Python's debugger, at the first line
  scratchnoise step 01_softmax.py:softmax       your own function
  scratchnoise step softmax --values my.npz     on your own array z
"""


def add_command(commands):
    """Add `step` to the subcommands of an argument parser."""
    command = commands.add_parser(
        "step",
        help="step through a kernel, a loss, a fit or your own function, line by line",
        description="Run something on a small example and write a page that shows every line with its numbers.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("name", nargs="?", help="a kernel, a loss, a model, or FILE.py:function (default: list them)")
    add("--out", metavar="FILE.html", help="the page (default: NAME.html here)")
    add("--values", metavar="FILE.npz", help="arguments by name, instead of the example's")
    where = command.add_mutually_exclusive_group()
    where.add_argument("--terminal", action="store_true", help="step here, with the arrow keys, and write no page")
    where.add_argument("--pdb", action="store_true", help="Python's debugger, stopped at the first line")
    command.set_defaults(run=run)


def run(arguments):
    """List, or step as the options say."""
    from .own_file import read_values
    from .subjects import find

    if arguments.name is None:
        return print_names()
    subject = find(arguments.name, read_values(arguments.values) if arguments.values else None)
    if arguments.pdb:
        return debug(subject.runs[0])
    recordings = {each.label: each.record() for each in subject.runs}
    if arguments.terminal:
        from .terminal import step_through

        return step_through(subject, recordings)
    path = write_page(subject, recordings, arguments.out)
    first = next(iter(recordings.values()))
    print(f"{path}: {len(first.steps):,} steps; open it in a browser, → is the next line")
    if first.stopped:
        print(f"it stopped: {first.stopped}")


def print_names():
    """What can be stepped through, by kind."""
    import textwrap

    from .subjects import names

    for kind, known in names().items():
        print(textwrap.fill(", ".join(known), 100, initial_indent=f"{kind:<9}", subsequent_indent=" " * 9))
    print(f"{'yours':<9}FILE.py:function, e.g. 01_softmax.py:softmax")


def write_page(subject, recordings, out=None):
    """Write the page and return its path. Raises ValueError rather than overwrite a file that is no such page."""
    from ..files import write_whole
    from .page import html, is_ours

    path = Path(out or f"{subject.name.rpartition(':')[2].replace(' ', '_')}.html")
    if path.is_dir() or (path.exists() and not is_ours(path)):
        raise ValueError(f"{path} exists and is no page of `scratchnoise step`; choose another name with --out")
    write_whole(path, html(subject, recordings).encode())
    return path


def debug(run):
    """Run under Python's debugger, which stops first at the first line of the kernel."""
    from bdb import BdbQuit
    from contextlib import suppress
    from pdb import Pdb

    from .source import key_of, source_of

    function = run.start
    first = source_of(function).nodes[key_of(function)].body
    is_docstring = len(first) > 1 and getattr(getattr(first[0], "value", None), "value", None) == function.__doc__
    debugger = Pdb()
    debugger.set_break(function.__code__.co_filename, first[1 if is_docstring else 0].lineno, temporary=True)
    debugger.rcLines.append("continue")  # from where Pdb stops by itself, in the call, to the breakpoint
    print("n: next line, s: into a call, p NAME: a value, c: to the end, q: quit")
    with suppress(BdbQuit):
        debugger.runcall(run.call)
