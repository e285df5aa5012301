"""`make corpus`: compile every file of a corpus and score the answers.

    python -m tests.corpus [--corpus DIR] [--oracle FILE] [--out DIR] [--misses N] [PART_OF_A_NAME …]

Fails on any wrong file and, for the pinned corpus, on a file of exact.txt that is not exact any more.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.corpus.compiled import compile_all
from tests.corpus.score import answered, score, table
from tests.corpus.sources import CACHE, fetched

HERE = Path(__file__).parent
ORACLE = HERE / "oracle_a.json"
EXACT = HERE / "exact.txt"


def main() -> int:
    options = _options()
    answers = json.loads(options.oracle.read_text("utf-8"))
    own = options.oracle == ORACLE
    corpus = options.corpus or fetched()
    answers["files"] = [
        file
        for file in answered(answers)
        if all(part in f"{file['root']}/{file['path']}" for part in options.parts)
    ]
    compiled = dict(compile_all(corpus.resolve(), answers["files"]))
    for name, answer in compiled.items():
        target = options.out / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(answer, indent=1), "utf-8")
    found = score(answers, compiled)
    print("\n".join(table(found, misses=options.misses)))
    exact = frozenset(found.files("exact"))
    recorded = frozenset(EXACT.read_text("utf-8").split()) if own else frozenset()
    lost = sorted(row.file for row in found.rows if row.file in recorded and row.file not in exact)
    for name in lost:
        print(f"LOST     {name}")
    gained = sorted(exact - recorded) if own else []
    if gained and options.record:
        EXACT.write_text("\n".join(sorted(recorded | exact)) + "\n", "utf-8")
    elif gained:
        print(f"{len(gained)} files are exact and not in exact.txt yet: add them with --record")
    return 1 if lost or found.count("wrong") or found.count("missing") else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make corpus")
    parser.add_argument("parts", nargs="*", help="only files with all of these in their names")
    parser.add_argument(
        "--corpus", type=Path, help="a folder with <root>/<path>; without it, the pinned archives"
    )
    parser.add_argument("--oracle", type=Path, default=ORACLE, help="the answers")
    parser.add_argument(
        "--out", type=Path, default=CACHE.with_name("corpus-compiled"), help="where the compiled DAGs go"
    )
    parser.add_argument("--misses", type=int, default=1000, help="how many files that are not exact to name")
    parser.add_argument("--record", action="store_true", help="add what is exact now to exact.txt")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
