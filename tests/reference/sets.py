"""Sets of golden files with one document each: written, or compared with the committed ones."""

import json

import torch

from check import compare
from common import arguments, dump, write


def checked(folder, name, stem, document, tolerance):
    """Whether a document is the committed one, to within the tolerance; says by how much it differs."""
    worst = {}
    try:
        old = json.loads((folder / name / f"{stem}.json").read_text(encoding="utf-8"))
        compare(json.loads(dump(document)), old, (), worst)
    except (OSError, ValueError) as error:
        print(f"{name}/{stem}: FAILED: {error}", flush=True)
        return False
    part = max(worst, key=worst.get)
    print(f"{name}/{stem}: largest difference {worst[part]:.1e} ({part})", flush=True)
    return worst[part] <= tolerance


def main(usage, folder, names, documents, tolerance):
    """Asks `documents(name, models, only)` for (stem, document) of each of the sets that are named on the command line."""
    parser = arguments(usage)
    parser.add_argument("sets", nargs="*", choices=[*names, []], help="which models (all if none is named)")
    parser.add_argument("--only", action="append", help="only this file (its stem); repeatable")
    parser.add_argument("--check", action="store_true", help="compare with the committed files and write nothing")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    same = True
    for name in options.sets or names:
        for stem, document in documents(name, options.models, options.only):
            if options.check:
                same &= checked(folder, name, stem, document, tolerance)
            else:
                write(folder / name / f"{stem}.json", document)
    if not same:
        raise SystemExit(f"Some values differ by more than {tolerance}.")
