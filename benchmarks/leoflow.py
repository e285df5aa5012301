"""A Lite of its own for the measurements, in a temporary home."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.subject import Subject
from tests.acceptance.driving import Lite, Machine


@contextmanager
def leoflow(
    projects: Mapping[str, str],
    *,
    name: str = "Leoflow",
    environment: Mapping[str, str] | None = None,
    also: Sequence[int] = (),
) -> Iterator[tuple[Subject, Lite]]:
    """`projects` maps dag ids to the text of `dag.py`; all are registered when this enters.

    `also`: processes beside Lite's whose cost counts, such as a database's.
    """
    with tempfile.TemporaryDirectory(prefix="leoflow-bench-", ignore_cleanup_errors=True) as folder:
        machine = Machine(folder=Path(folder), environment=environment or {})
        for dag_id, text in projects.items():
            machine.project(dag_id, text)
        with machine.lite() as lite:
            subject = Subject(name=name, url=lite.url, token=lite.token, roots=lambda: [lite.pid, *also])
            for dag_id in projects:
                lite.wait_for_dag(dag_id, seconds=120)
            yield subject, lite


def push_copies(lite: Lite, project: str, count: int) -> None:
    """Registers `count` DAGs like `project` under other names, as `leoflow push` would."""
    done = lite.machine.leoflow("compile", f"dags/{project}", "-o", "-")
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    document = json.loads(done.stdout)
    document.pop("dag_version", None)
    for number in range(count):
        dag_id = f"{project}_{number:04}"
        reply = lite.api("POST", f"/api/v2/dags/{dag_id}/versions", json=document | {"dag_id": dag_id})
        reply.raise_for_status()
