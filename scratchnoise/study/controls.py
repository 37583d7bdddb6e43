"""The controls beside two claims: python -m scratchnoise.study.controls learnt-rates|raw-deaths --out FILE.jsonl.

`learnt-rates`: what the likelihood of rMLR says of the points where learning the flip rates ends, from several starts.
`raw-deaths`: what each epoch showed before the raw corrected loss died, from two kinds of initial weights, beside a
bounded loss. Rows are appended as they come; the same command goes on where it stopped.
"""

import argparse
import json
from pathlib import Path

from . import learnt_rates, raw_deaths
from .rows_file import plain

CONTROLS = {"learnt-rates": learnt_rates.runs, "raw-deaths": raw_deaths.runs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("control", choices=CONTROLS)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    text = arguments.out.read_text(encoding="utf-8") if arguments.out.exists() else ""
    done = {json.loads(line)["run"] for line in text.splitlines()}
    for name, measure in CONTROLS[arguments.control]():
        if name not in done:
            line = json.dumps({"run": name, **plain(measure())})
            print(line)
            with open(arguments.out, "a", encoding="utf-8") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
