"""Open launches against what the executor holds: after a take-over, and every now and then.

Nothing is relaunched on suspicion. A launch is lost where the executor says that it does not hold it and
it was never opened, or has been silent for too long; an unopened one that may still run is ordered again,
which is the same launch and starts at most one process.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from leoflow_runtime.domain.states import LAUNCHED_TASK_STATES
from leoflow_runtime.engine.dispatch import Dispatcher
from leoflow_runtime.engine.operations import lose_launch
from leoflow_runtime.engine.store import Store, Tx
from leoflow_runtime.engine.work import order_for
from leoflow_runtime.executors.protocol import Executor, LaunchOrder

if TYPE_CHECKING:
    from leoflow_runtime.engine.engine import Engine, EngineSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenLaunch:
    """A launch without an end, and what speaks for it."""

    launch_id: int
    order: LaunchOrder | None  # to order it again; None: it must not run any more
    is_opened: bool
    is_silent: bool


async def reconcile(
    engine: Engine, store: Store, executor: Executor, dispatcher: Dispatcher, settings: EngineSettings
) -> bool:
    """False: the executor does not know yet what it holds; ask again soon."""
    launches = await store.read(partial(_open_launches, settings=settings))
    if not launches:
        return True
    on_their_way = frozenset(dispatcher.pending)
    held = await executor.running()
    if held is None:
        return False
    for launch in launches:
        launch_id = launch.launch_id
        if launch_id in on_their_way or launch_id in dispatcher.pending:
            continue
        if launch_id in held:
            # A native launch has no heartbeat: that it is held, in this very process, is its sign of life.
            is_dead = launch.is_silent and not (launch.order is not None and launch.order.is_native)
            if launch.order is None or is_dead:
                engine.cancel(
                    launch_id, "it is not to run any more" if launch.order is None else "no heartbeat"
                )
        elif launch.order is not None and not launch.is_opened:
            dispatcher.order([launch.order])
        elif launch.order is None and not launch.is_opened:
            await engine.apply(partial(_lose, launch_id=launch_id, reason="it was stopped before it began"))
        elif launch.is_silent:
            silence = (
                f"no heartbeat for {settings.heartbeat_silence:.0f} s, and the executor does not hold it"
            )
            await engine.apply(partial(_lose, launch_id=launch_id, reason=silence))
    return True


def _lose(tx: Tx, *, launch_id: int, reason: str) -> None:
    lose_launch(tx, launch_id, reason)


def _open_launches(tx: Tx, *, settings: EngineSettings) -> list[OpenLaunch]:
    silent_since = tx.now - timedelta(seconds=settings.heartbeat_silence)
    found = []
    for launch in tx.unfinished_launches():
        task = tx.task(launch.task_pk)
        run = tx.run(launch.run_pk)
        order = None
        if task is not None and run is not None:
            is_current = task.launch_id == launch.launch_id and task.state in LAUNCHED_TASK_STATES
            if is_current or launch.callback is not None:
                order = order_for(run, tx.version(run.version_pk), launch, task)
        heard = launch.heartbeat_at or launch.opened_at
        found.append(
            OpenLaunch(
                launch_id=launch.launch_id,
                order=order,
                is_opened=launch.opened_at is not None,
                is_silent=heard is not None and heard <= silent_since,
            )
        )
    return found
