"""The command `scratchnoise train --mine`."""

import argparse
import sys

EXAMPLES = """examples:
  scratchnoise train --mine             your files here, in exercises/, or in a folder above
  scratchnoise train --mine work        those in the folder work
"""


def add_command(commands):
    """Add `train` to the subcommands of an argument parser."""
    command = commands.add_parser(
        "train",
        help="train the models of the course on your own functions, beside the library's",
        description="Put every function of yours that passes its check into softmax regression (after exercise 03), "
        "robust softmax regression (after 09) and a convolutional network (after 12), and train them on noisy labels.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--mine", nargs="?", required=True, metavar="DIR", help="where your files are (default: here)")
    command.set_defaults(run=run)


def run(arguments):
    """Train what is open and print it; 1 if a function of the student's failed on the way, else 0."""
    from .models import MILESTONES
    from .own_functions import OwnFunctions
    from .training import has_opened, load_images_with, train_milestone

    sound = True
    with OwnFunctions() as own:
        check_files(own, arguments.mine)
        if not any(has_opened(milestone, own) for milestone in MILESTONES):
            print("none of your functions has passed yet; the first model opens with exercises 01 to 03")
            print(own.reasons["softmax"])
            return 0
        images = load_images_with(own)
        for milestone in MILESTONES:
            sound = train_milestone(milestone, own, images, arguments.mine) and sound
    return 0 if sound else 1


def check_files(own, folder):
    """Check every exercise that a model uses, and say which did not pass."""
    from .models import EXERCISE_OF

    for number in sorted(set(EXERCISE_OF.values())):
        if sys.stderr.isatty():
            print(f"\rchecking {number}", end="", file=sys.stderr, flush=True)
        own.add(number, folder)
    if sys.stderr.isatty():
        print(f"\r{'':<12}\r", end="", file=sys.stderr, flush=True)
