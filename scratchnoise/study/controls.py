"""The controls beside five claims: python -m scratchnoise.study.controls NAME --out FILE.jsonl.

`learnt-rates`: what the likelihood of rMLR says of the points where learning the flip rates ends, from several starts.
`raw-deaths`: what each epoch showed before the raw corrected loss died, from two kinds of initial weights, beside a
bounded loss.
`first-steps`: whether the forward network saturates in its first epochs, by the length of its steps.
`told-T`: what the estimate of T costs the networks on CIFAR-10, where T is hidden.
`plain-alarm`: whether the alarm of the noise floor rings for plain training.
Rows are appended as they come; the same command goes on where it stopped.
"""

import argparse
import json
from pathlib import Path

from . import first_steps, learnt_rates, plain_alarm, raw_deaths, told_T
from .experiment import recorded
from .rows_file import plain

CONTROLS = {
    "learnt-rates": learnt_rates.runs,
    "raw-deaths": raw_deaths.runs,
    "first-steps": first_steps.runs,
    "told-T": told_T.runs,
    "plain-alarm": plain_alarm.runs,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("control", choices=CONTROLS)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = recorded(arguments.out, "run")
    for name, measure in CONTROLS[arguments.control]():
        if (name,) not in results:
            row = {"run": name, **plain(measure())}
            print(json.dumps(row))
            results.append(row)


if __name__ == "__main__":
    main()
