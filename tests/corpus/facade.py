"""What the runtime's own `airflow` builds from a corpus file, compared with what was compiled from it.

    python -m tests.corpus.facade [--corpus DIR] [--record] [PART_OF_A_NAME …]

tries every exact file. `facade_not_built.txt` names those that cannot be built yet, and may only shrink: with
`--record` it does. Most that remain there import packages which the lean engine does not have.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from leoflow_compiler.cli.compilation import warm
from leoflow_compiler.lower.every_dag import compile_file
from tests.corpus.compiled import folder_of
from tests.corpus.sources import fetched

HERE = Path(__file__).parent
NOT_BUILT = HERE / "facade_not_built.txt"
_LOAD = """
import json, sys
from leoflow_runtime.child.build import load
for document in json.load(sys.stdin):
    load({"dag_json": document, "code_path": sys.argv[1], "dag_id": document["dag_id"]})
"""


def why_not_built(corpus: Path, name: str) -> str | None:
    """None where the façade builds every DAG of the file as compiled: ids, upstreams and classes."""
    parts = Path(name).parts
    folder = folder_of(corpus, "/".join(parts[:2]))
    compiled = compile_file(folder.project("/".join(parts[2:])))
    documents = [dag.document for dag in compiled.dags.values()]
    if not documents or not all(documents):
        return "it does not compile"
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder.root)],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason"])[-1]


def not_built() -> frozenset[str]:
    return frozenset(NOT_BUILT.read_text("utf-8").split())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.facade")
    parser.add_argument("parts", nargs="*", help="only files with all of these in their names")
    parser.add_argument("--corpus", type=Path, help="a folder with <root>/<path>; without it, the archives")
    parser.add_argument("--record", action="store_true", help="take what is built now off the list")
    options = parser.parse_args()
    corpus = (options.corpus or fetched()).resolve()
    names = (HERE / "exact.txt").read_text("utf-8").split()
    names = [name for name in names if all(part in name for part in options.parts)]
    warm()
    with ThreadPoolExecutor(2) as threads:
        reasons = dict(zip(names, threads.map(lambda name: why_not_built(corpus, name), names), strict=True))
    before = not_built()
    for name, reason in reasons.items():
        if reason is not None:
            print(f"{'not built' if name in before else 'LOST':9} {name}: {reason}")
    built = {name for name, reason in reasons.items() if reason is None}
    print(f"{len(built)} of {len(names)} files are built as compiled")
    if options.record:
        NOT_BUILT.write_text("".join(f"{name}\n" for name in sorted(before - built)), "utf-8")
    elif built & before:
        print(f"{len(built & before)} of facade_not_built.txt are built now: take them off with --record")
    return 1 if reasons.keys() - built - before else 0


if __name__ == "__main__":
    sys.exit(main())
