"""Run one recorded comparison, or go on with it, and print its tables.

    python -m scratchnoise.practice clean       the labels as they are, features on four scales
    python -m scratchnoise.practice noisy       wrong labels; T known, estimated or learnt
    python -m scratchnoise.practice networks    small networks on the digits
    python -m scratchnoise.practice time        seconds at the same objective, two threads
    python -m scratchnoise.practice peers       trees, ensembles, clusters, neighbours and EM beside scikit-learn's

Every measurement is one line of the file of --out. Lines that are there are not measured again.
"""

import argparse
import sys
from importlib.util import find_spec

from ..backend import BackendError, limit_threads


def main(argv=None):
    """Returns the exit status: 0, 1 when interrupted, 2 for what cannot be done."""
    arguments = parser().parse_args(argv)
    try:
        if not find_spec("sklearn"):
            raise ValueError("the comparisons need scikit-learn; `pip install scikit-learn` adds it")
        limit_threads(2 if arguments.command == "time" else 1)  # before anything imports NumPy
        from .session import run

        run(arguments.command, arguments.out, arguments.draws, arguments.only)
        return 0
    except KeyboardInterrupt:
        print("\nscratchnoise: stopped; the same command goes on from here", file=sys.stderr)
        return 1
    except (ValueError, OSError, BackendError) as error:
        print(f"scratchnoise: {error}", file=sys.stderr)
        return 2


def parser():
    """The argument parser."""
    top = argparse.ArgumentParser(
        prog="python -m scratchnoise.practice",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = top.add_argument
    add("command", choices=("clean", "noisy", "networks", "time", "peers"))
    add("--out", default="practice.jsonl", metavar="FILE.jsonl", help="the measurements (default: %(default)s)")
    add("--draws", type=int, metavar="N", help="of split, noise and seed; of `time`: rounds (default: 1, 5 or 30)")
    add("--only", nargs="+", default=(), metavar="NAME", help="names of data sets, scales, kinds of noise or methods")
    return top


if __name__ == "__main__":
    sys.exit(main())
