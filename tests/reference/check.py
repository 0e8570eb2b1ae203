"""Recomputes the golden values and compares them with the committed files.
usage: check.py [smollm2|minilm|rampart|sentiment|tiny]… [--models FOLDER] [--only NAME]… [--threads N] [--tolerance X]

Prints, for each file, the largest difference of each part: absolute for attention, else ‖a−b‖/‖b‖ of a list of numbers and
|a−b|/max(1, |b|) of a single one. Ids, texts and shapes must be equal. Ends with status 1 if anything is further off than
the tolerance or a file is missing. With the same versions and one thread differences are nil; another machine or thread
count moves float32 sums by up to what each file's `rounding` says."""

import json
import math
import sys

import torch

from common import GOLDEN, arguments, dump
from make import SETS


def is_number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def compare(new, old, path, worst):
    """Walks two documents together; `worst` collects part -> largest difference."""
    part = ".".join(p for p in path if not p.isdigit())
    if isinstance(old, dict):
        if not isinstance(new, dict) or new.keys() != old.keys():
            raise ValueError(f"{part}: keys differ")
        for key in old:
            if key != "rounding":
                compare(new[key], old[key], (*path, key), worst)
    elif isinstance(old, list) and old and any(isinstance(x, float) for x in old) and all(map(is_number, old)):
        if len(new) != len(old):
            raise ValueError(f"{part}: {len(new)} values, not {len(old)}")
        gaps = [a - b for a, b in zip(new, old)]
        if "attention" in path and "summary" not in path:
            difference = max(map(abs, gaps))
        else:
            difference = math.hypot(*gaps) / max(math.hypot(*old), 1e-30)
        worst[part] = max(worst.get(part, 0.0), difference)
    elif isinstance(old, list):
        if len(new) != len(old):
            raise ValueError(f"{part}: {len(new)} entries, not {len(old)}")
        for index, (a, b) in enumerate(zip(new, old)):
            compare(a, b, (*path, str(index)), worst)
    elif isinstance(old, float) or isinstance(new, float):
        worst[part] = max(worst.get(part, 0.0), abs(new - old) / max(1.0, abs(old)))
    elif new != old:
        raise ValueError(f"{part}: {new!r}, not {old!r}")


def main():
    parser = arguments(__doc__)
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], help="which models (all if none is named)")
    parser.add_argument("--only", action="append", help="only this file (its stem); repeatable")
    parser.add_argument("--tolerance", type=float, default=5e-4)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    overall, failed = 0.0, False
    for name in options.sets or SETS:
        for stem, document in SETS[name](options.models, options.only):
            path = GOLDEN / name / f"{stem}.json"
            worst = {}
            try:
                compare(json.loads(dump(document)), json.loads(path.read_text(encoding="utf-8")), (), worst)
            except (OSError, ValueError) as error:
                print(f"{name}/{stem}: FAILED: {error}", flush=True)
                failed = True
                continue
            part = max(worst, key=worst.get)
            overall = max(overall, worst[part])
            bad = {p: w for p, w in worst.items() if not w <= options.tolerance}
            failed |= bool(bad)
            shown = "".join(f"\n    {p}: {w:.1e}" for p, w in bad.items())
            print(f"{name}/{stem}: largest difference {worst[part]:.1e} ({part}){shown}", flush=True)
    print(f"largest difference of all: {overall:.1e}; {'FAILED' if failed else 'all within'} {options.tolerance:g}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
