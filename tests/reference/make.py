"""Makes the golden files. usage: make.py [smollm2|minilm|rampart|sentiment|tiny]… [--models FOLDER] [--only NAME]…"""

import torch

import minilm
import rampart
import sentiment
import smollm2
import tiny
from common import GOLDEN, arguments, write

SETS = {
    "smollm2": smollm2.documents, "minilm": minilm.documents, "rampart": rampart.documents,
    "sentiment": sentiment.documents, "tiny": tiny.documents,
}  # fmt: skip


def main():
    parser = arguments(__doc__)
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], help="which models (all if none is named)")
    parser.add_argument("--only", action="append", help="only this file (its stem); repeatable")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.sets or SETS:
        for stem, document in SETS[name](options.models, options.only):
            write(GOLDEN / name / f"{stem}.json", document)


if __name__ == "__main__":
    main()
