"""The command line: reproduce, data, equations, bench, estimate, check, hint, train, grade, step, notebooks."""

import argparse
import json
import os
import re
import sys

from . import __version__, notebooks
from .backend import NAMES, BackendError, limit_threads
from .course import commands as course
from .course import grading
from .course.milestones import command as milestones
from .estimate_command import add_command as add_estimate
from .stepping import command as stepping

EXAMPLES = """examples:
  scratchnoise reproduce                                    the report in minutes, on drawn garments, offline
  scratchnoise reproduce --data fashion-mnist --preset paper --out results
  scratchnoise reproduce --data my.npz --noise uniform:0.2 --methods linear
  scratchnoise data status                                  which data sets are here
  scratchnoise equations 17                                 where eq. (17) is in the code
  scratchnoise check 01                                     your solution of the first exercise
  scratchnoise step softmax                                 a page that shows every line of softmax at work
"""

BENCH_EXAMPLES = """examples:
  scratchnoise bench "annex step" "conv2 forward, one thread"
  scratchnoise bench --instructions avx2                    as on a processor without AVX-512, PyTorch too
  NUMBA_CPU_NAME=x86-64-v2 NUMBA_CPU_FEATURES= scratchnoise bench
                                                            numba alone without fused multiply-add
  python -m scratchnoise.bench.busy                         beside two other programs
"""


def main(argv=None):
    """Run one command; returns the exit status: 0, 1 when interrupted, 2 for what cannot be done."""
    arguments = parser().parse_args(argv)
    try:
        limit_threads(getattr(arguments, "threads", None))  # before anything imports NumPy
        return arguments.run(arguments) or 0
    except KeyboardInterrupt as interrupt:
        what = str(interrupt) or "stopped; the same command goes on from here"
        print(f"\nscratchnoise: {what}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError as error:
        print(f"scratchnoise: out of memory{f' ({error})' if str(error) else ''}", file=sys.stderr)
        return 2
    except (ValueError, OSError, BackendError) as error:
        print(f"scratchnoise: {error}", file=sys.stderr)
        return 2


def parser():
    """The argument parser of all commands."""
    top = argparse.ArgumentParser(
        prog="scratchnoise",
        description="Learning from wrong labels, written by hand.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"scratchnoise {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_reproduce(commands)
    _add_data(commands)
    _add_equations(commands)
    _add_bench(commands)
    add_estimate(commands)
    course.add_commands(commands)
    milestones.add_command(commands)
    grading.add_command(commands)
    stepping.add_command(commands)
    notebooks.add_command(commands)
    return top


def _add_reproduce(commands):
    command = commands.add_parser(
        "reproduce",
        help="train every method of the report on noisy labels, print its tables beside ours",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--data", default="garments", help="garments, fashion-mnist, cifar10 or FILE.npz (default: %(default)s)")
    add(
        "--noise",
        action="append",
        metavar="NAME",
        help="0.5 (38), 0.6 (39), hidden (40), given, uniform:RHO, pair:RATE or FILE.npy; may be repeated "
        "(default: 0.5 and 0.6, hidden for cifar10, given for FILE.npz)",
    )
    add("--T", metavar="NAME", help="with --noise given: the known T of these labels, 0.5 (38), 0.6 (39) or FILE.npy")
    add(
        "--methods",
        default="usual",
        help="comma-separated names as in the tables, or usual, linear, networks, clean, "
        'further (what the report names or its readers look for), "T estimates" or all (default: usual)',
    )
    add("--preset", default="quick", help="quick: minutes; paper: the report's sizes, hours (default: %(default)s)")
    add("--repetitions", type=_positive, metavar="N", help="repetitions of every method (default: the preset's)")
    add("--jobs", type=_positive, default=1, metavar="N", help="processes (default: %(default)s)")
    add("--dask", metavar="ADDRESS", help="work on the Dask cluster of this scheduler, e.g. tcp://10.0.0.5:8786")
    add("--threads", type=_positive, metavar="N", help="of every process (default: $SCRATCHNOISE_THREADS, else all)")
    add("--backend", default="auto", help=f"{', '.join(NAMES)} (default: %(default)s)")
    add("--seed", type=int, default=0, help="seed of everything random (default: %(default)s)")
    add("--out", default="reproduce", metavar="DIR", help="folder of the results, continued (default: %(default)s)")
    command.set_defaults(run=_reproduce)


def _add_data(commands):
    command = commands.add_parser("data", help="which data sets are here; download the others")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("status", help="list the data sets and where they were found").set_defaults(run=_data_status)
    fetch = actions.add_parser("fetch", help="download a data set, checked by its hash")
    fetch.add_argument("name", help="fashion-mnist or cifar10")
    fetch.set_defaults(run=_data_fetch)


def _add_equations(commands):
    command = commands.add_parser("equations", help="which function implements which equation of the report")
    command.add_argument("number", nargs="?", type=int, help="one equation (default: all)")
    command.set_defaults(run=_equations)


def _add_bench(commands):
    command = commands.add_parser(
        "bench",
        help="time every kernel table, beside PyTorch and scikit-learn if installed",
        epilog=BENCH_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("workloads", nargs="*", metavar="WORKLOAD", help='"annex step", "conv2 forward", ... (default: all)')
    add("--threads", type=_positive, default=os.cpu_count(), metavar="N", help="of every competitor (default: all)")
    add("--rounds", type=_positive, default=5, metavar="N", help="in which all take turns (default: %(default)s)")
    add(
        "--instructions",
        default="all",
        metavar="NAME",
        help="the newest vector instructions that our kernels, NumPy and PyTorch may use: all, avx2 or sse4, the "
        "last one without fused multiply-add (default: %(default)s)",
    )
    add("--json", action="store_true", help="print the rows as JSON instead of the table")
    add("--chart", metavar="FILE.png", help="draw the ladder")
    command.set_defaults(run=_bench)


def _reproduce(arguments):
    from .study.clusters import dask_cluster
    from .study.protocol import DEFAULT_NOISE
    from .study.publish import publish
    from .study.runner import reproduce

    noise = tuple(arguments.noise or DEFAULT_NOISE.get(arguments.data, ("given",)))
    if arguments.T is not None:
        if noise != ("given",):
            raise ValueError("--T is for labels that are noisy already: use it with --noise given")
        noise = (f"given:{arguments.T}",)
    methods = re.split(r"\s*,\s*(?![^(]*\))", arguments.methods.strip())  # not at the comma in "MLR (flipped, inverse)"
    with dask_cluster(arguments.dask):
        rows = reproduce(
            arguments.out,
            arguments.data,
            noise,
            methods,
            arguments.preset,
            arguments.repetitions,
            arguments.jobs,
            arguments.backend,
            arguments.seed,
        )
    publish(rows, arguments.out, arguments.data, noise, arguments.seed)


def _data_status(arguments):
    from . import data

    for row in data.status():
        where = row["found"]
        if where == "not found":
            where = f"not here; `scratchnoise data fetch {row['name']}` downloads {row['bytes'] / 1e6:.0f} MB"
        print(f"{row['name']:<14} {where}")
        print(f"{'':<14} {row['n_train']:,} train, {row['n_test']:,} test: {', '.join(row['classes'])}")
        print(f"{'':<14} {row['source']}; licence: {row['licence']}\n")


def _data_fetch(arguments):
    from . import data

    folder = data.fetch(arguments.name)
    print(f"{arguments.name} is in {folder}" if folder else f"{arguments.name} is drawn, not downloaded")


def _equations(arguments):
    from .equations import print_equations

    print_equations(arguments.number)


def _bench(arguments):
    from .bench.session import run
    from .bench.workloads import WORKLOADS
    from .messages import nearest

    unknown = [name for name in arguments.workloads if name not in WORKLOADS]
    if unknown:
        raise ValueError(f"workload {unknown[0]!r} is unknown; {nearest(unknown[0], WORKLOADS)}")
    names = arguments.workloads or list(WORKLOADS)
    machine, rows = run(names, arguments.threads, arguments.rounds, arguments.instructions)
    peak = machine["peak_gflops"]
    if arguments.chart:
        from .bench.ladder import chart
        from .study.figures import save

        save(chart(rows, peak), arguments.chart)
    if arguments.json:
        print(json.dumps({"machine": machine, "peak_gflops": peak, "rows": rows}, indent=1))
    else:
        from .bench.ladder import print_ladder, print_machine

        print_machine(machine)
        print_ladder(rows)


def _positive(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number of at least 1")
    return int(text)
