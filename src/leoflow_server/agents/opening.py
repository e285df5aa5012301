"""Launch tokens: exchanged for a session once per generation, by a guarded update, or withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import Tx
from leoflow_server.agents import queries
from leoflow_server.agents.queries import LaunchFacts
from leoflow_server.agents.tokens import LaunchToken
from leoflow_server.store.transaction import SqlTx


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """`refusal` None: the session is good. `is_stale`: the launch has no business any more."""

    refusal: str | None = None
    is_stale: bool = False
    is_first: bool = False
    facts: LaunchFacts | None = None  # given where the session is good


def exchange(tx: Tx, token: LaunchToken, *, session_hash: str, host: str, agent_pid: int) -> Opened:
    """Spends the token: the generation rises, so that neither it nor a copy is worth anything afterwards.

    A launch that was opened before may be opened again (adoption) even if its task does not want it any
    more: it must be able to report its end. A new one that is not wanted is closed here, unstarted.
    """
    launch = tx.launch(token.launch_id)
    if launch is None or launch.finished_at is not None:
        return Opened(refusal="the launch has ended or was deleted", is_stale=True)
    if launch.generation != token.generation:
        return Opened(refusal="the launch token was exchanged already, or a newer one was given")
    values: Mapping[str, Any] = {
        "generation": token.generation + 1,
        "session_hash": session_hash,
        "host": host,
        "agent_pid": agent_pid,
    }
    if launch.opened_at is not None:
        tx.update_launch(token.launch_id, {**values, "heartbeat_at": tx.now})
        return Opened(facts=_facts(tx, token.launch_id, session_hash))
    verdict = operations.open_launch(tx, token.launch_id, values=values)
    if not verdict.accepted:
        never = f"it never started: {verdict.reason}"
        report = LaunchReport(launch_id=token.launch_id, outcome=Outcome.CANCELLED, message=never)
        operations.finish_launch(tx, report)
        return Opened(refusal=verdict.reason, is_stale=True)
    return Opened(is_first=True, facts=_facts(tx, token.launch_id, session_hash))


def withdraw(tx: Tx, launch_id: int) -> bool:
    """Voids the token of a launch that no agent has opened: none ever will. False: one has opened it."""
    launch = tx.launch(launch_id)
    if launch is None or launch.finished_at is not None:
        return True
    if launch.opened_at is not None:
        return False
    tx.update_launch(launch_id, {"generation": launch.generation + 1})
    return True


def _facts(tx: Tx, launch_id: int, session_hash: str) -> LaunchFacts | None:
    assert isinstance(tx, SqlTx)
    return queries.facts_of_session(tx.connection, launch_id, session_hash)
