"""What becomes of each launch when a host agent attaches: compared with the record, decided by proof."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from leoflow_runtime.engine import operations
from leoflow_runtime.engine.graph import graph_of
from leoflow_runtime.engine.store import Tx
from leoflow_server.agents import queries
from leoflow_server.agents.queries import Candidate
from leoflow_server.store.transaction import SqlTx


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """(launch, generation) pairs: `adopted` are held and go on, `sent` are to be given (again).

    `abandoned` are held without anyone waiting for them, `lost` are gone for certain.
    """

    adopted: tuple[tuple[int, int], ...]
    sent: tuple[tuple[int, int], ...]
    abandoned: tuple[int, ...]
    lost: tuple[int, ...]


# An agent takes up what it has opened at once, and gives up a call of Open after 15 s.
TAKEN_UP_BY = timedelta(seconds=30)


def compare(
    candidates: Collection[Candidate], held: Collection[int], agent_pid: int, now: datetime
) -> tuple[list[Candidate], list[Candidate], list[int], list[int]]:
    """(to adopt, to send, to abandon, lost) — pure.

    An unfinished launch that is held is adopted even if its task was cleared meanwhile: it is then told
    to stop, and reports its end, which is the proof that the next try waits for. One that was opened and
    is not held is lost: its spool is gone, or never was. Only the process that opened it a moment ago may
    be just about to take it up; it is sent again, and ignored if it is there already.
    """
    adopt: list[Candidate] = []
    send: list[Candidate] = []
    lost: list[int] = []
    for candidate in candidates:
        if candidate.launch_id in held:
            adopt.append(candidate)
        elif candidate.opened_at is None or (
            candidate.agent_pid == agent_pid and now - candidate.opened_at < TAKEN_UP_BY
        ):
            send.append(candidate)
        else:
            lost.append(candidate.launch_id)
    known = {candidate.launch_id for candidate in candidates}
    return adopt, send, [launch_id for launch_id in held if launch_id not in known], lost


def settle(
    tx: Tx,
    host: str,
    held: Collection[int],
    agent_pid: int,
    *,
    native_apart: bool = False,
    elsewhere: Collection[int] = (),
) -> Standing:
    """Writes the outcome: adopted launches get a new generation, lost ones their end.

    `native_apart`: launches that need no process are another executor's business. `elsewhere`: given to
    agents of other hosts a moment ago.
    """
    assert isinstance(tx, SqlTx)
    candidates = [
        one
        for one in queries.unfinished_of_host(tx.connection, host)
        if one.host is not None or one.launch_id not in elsewhere
    ]
    if native_apart:
        candidates = [one for one in candidates if one.host is not None or not _is_native(tx, one.launch_id)]
    adopt, send, abandoned, lost = compare(candidates, set(held), agent_pid, tx.now)
    # What was opened and is not wanted any more must not begin now; unopened, its Open is refused for good.
    send = [one for one in send if one.opened_at is None or operations.stop_reason(tx, one.launch_id) is None]
    renewed: dict[int, int] = {}
    for candidate in (*adopt, *send):
        generation = candidate.generation
        if candidate.opened_at is not None:
            # Its token was exchanged: only a new generation can be.
            generation += 1
            tx.update_launch(candidate.launch_id, {"generation": generation})
        renewed[candidate.launch_id] = generation
    for launch_id in lost:
        operations.lose_launch(tx, launch_id, "the host agent that ran it is gone, and the process with it")
    queries.note_attached(tx.connection, host, tx.now)
    return Standing(
        adopted=tuple((candidate.launch_id, renewed[candidate.launch_id]) for candidate in adopt),
        sent=tuple((candidate.launch_id, renewed[candidate.launch_id]) for candidate in send),
        abandoned=tuple(abandoned),
        lost=tuple(lost),
    )


def _is_native(tx: Tx, launch_id: int) -> bool:
    launch, task = tx.launch(launch_id), tx.task_of_launch(launch_id)
    run = tx.run(task.run_pk) if task is not None else None
    if launch is None or task is None or run is None or launch.callback is not None:
        return False
    spec = graph_of(tx.version(run.version_pk)).spec_of(task.task_id)
    return spec is not None and spec.is_native
