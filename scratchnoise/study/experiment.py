"""A recorded experiment: its rows in a file, told apart by some of their fields, and its command line."""

import argparse

from .rows_file import RowsFile


def recorded(out, *fields):
    """The RowsFile at `out`, whose rows are told apart by these fields. Raises ValueError for a row without one."""

    def key(row):
        missing = [name for name in fields if not isinstance(row, dict) or name not in row]
        if missing:
            raise ValueError(f"no row of this experiment, it has no {missing[0]}")
        return tuple(row[name] for name in fields)

    return RowsFile(out, key)


def command(measure, description, draws):
    """Run measure(out, draws) with the arguments of the command line. draws: how many, where nothing else is said."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=draws)
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws)
