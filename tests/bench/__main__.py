"""`python -m tests.bench [NAME ...]`: runs the named benches, or all.

A bench is a module of this folder with `run() -> list[str]`: measured in one run, printed as lines. Ratios are what
counts: absolute figures are those of the machine of the day. Add yours to `BENCHES`.
"""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = {
    "dialogs": "tests.bench.dialogs",
    "hunts": "tests.bench.hunts",
    "store": "tests.bench.store",
    "updates": "tests.bench.updates",
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no bench named {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
        return 2
    for name in names or BENCHES:
        print(f"== {name}")
        for line in import_module(BENCHES[name]).run():
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
