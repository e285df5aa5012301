"""One transaction of the planner: operations first, each on its own, then what follows from them all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leoflow_runtime.engine.planner import Planner
from leoflow_runtime.engine.store import Change, LeaseLost, Tx
from leoflow_runtime.engine.work import Consequences
from leoflow_runtime.executors.protocol import LaunchOrder, Place

INBOX_SHARE = 500


class OperationFailed(Exception):
    """An operation raised, where no savepoint stood before it: the transaction is to be undone and repeated
    with savepoints. Memory is as it was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """`launches`: which the operations are about, as far as that is known. `drain`: look at the inbox.
    `sweep`: compare memory with the record. `dispatched`: launches that have left the way to the executor
    since the last batch; `ordered`: those that are still on it. `places`: where new launches can be open at
    once.

    `savepoints`: what an operation raises undoes it alone. Without them, which is cheaper, it undoes all.
    """

    operations: Sequence[Callable[[Tx], Any]] = ()
    launches: Collection[int] = ()
    drain: bool = False
    sweep: bool = False
    dispatched: Iterable[int] = ()
    ordered: Iterable[LaunchOrder] = ()
    places: Sequence[Place] = ()
    savepoints: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """`outcomes`: per operation, what it returned or the exception that undid it. `now`: of the record."""

    now: datetime
    outcomes: list[Any]
    failed: list[bool]
    consequences: Consequences
    inbox_left: bool


def perform(tx: Tx, planner: Planner, batch: Batch) -> BatchResult:
    """Runs inside one write. On an exception nothing is written, and the planner must forget.

    Raises OperationFailed, after which it need not.
    """
    outcomes: list[Any] = []
    failed: list[bool] = []
    changes: list[Change] = []
    inbox = tx.take_inbox(INBOX_SHARE) if batch.drain else []
    changes += inbox
    if batch.launches:
        tx.expect_launches(batch.launches)
    for operation in batch.operations:
        try:
            with tx.savepoint() if batch.savepoints else nullcontext():
                outcomes.append(operation(tx))
            failed.append(False)
            changes += tx.take_announced()
        except LeaseLost:
            raise
        except Exception as error:
            if not batch.savepoints:
                raise OperationFailed from error
            tx.take_announced()
            outcomes.append(error)
            failed.append(True)
    planner.dispatched(batch.dispatched)
    planner.places = deque(batch.places)
    if not planner.loaded:
        consequences = planner.load(tx, batch.ordered, changes)
    elif batch.sweep:
        consequences = _joined(planner.plan(tx, changes), planner.sweep(tx))
    else:
        consequences = planner.plan(tx, changes)
    return BatchResult(
        now=tx.now,
        outcomes=outcomes,
        failed=failed,
        consequences=consequences,
        inbox_left=len(inbox) == INBOX_SHARE,
    )


def _joined(first: Consequences, second: Consequences) -> Consequences:
    return Consequences(orders=first.orders + second.orders, cancels={**first.cancels, **second.cancels})
