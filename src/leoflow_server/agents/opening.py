"""Launches are opened: a token is exchanged for a session, once per generation, by a guarded update."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc

from leoflow_runtime.domain.states import Outcome
from leoflow_runtime.engine import operations
from leoflow_runtime.engine.rows import LaunchReport
from leoflow_runtime.engine.store import Tx
from leoflow_runtime.executors.protocol import Place
from leoflow_runtime.executors.sessions import new_session, stored
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.access import CannotDecrypt
from leoflow_server.agents import queries
from leoflow_server.agents.calls import Refused
from leoflow_server.agents.code import CodeMissing
from leoflow_server.agents.queries import LaunchFacts
from leoflow_server.agents.run_requests import Applies
from leoflow_server.agents.sessions import NotAuthentic, Sessions
from leoflow_server.agents.spec import SpecBuilder
from leoflow_server.agents.tokens import LaunchToken
from leoflow_server.logs import LogStore
from leoflow_server.store import SqlStore
from leoflow_server.store.transaction import SqlTx
from leoflow_server.store.xcom_values import XComGone


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


class _Built(NamedTuple):
    facts: LaunchFacts
    spec: wire.LaunchSpec | Exception


class Opener:
    """Opens launches, many in one transaction, and says what each is to run.

    `ended` is told each launch that has no business any more; `refuse` ends one that can never run.
    """

    def __init__(
        self,
        *,
        store: SqlStore,
        engine: Applies,
        logs: LogStore,
        sessions: Sessions,
        specs: SpecBuilder,
        ended: Callable[[int], None],
        refuse: Callable[[LaunchFacts, int, str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._engine = engine
        self._logs = logs
        self._sessions = sessions
        self._specs = specs
        self._ended = ended
        self._refuse = refuse

    async def open(
        self, tokens: Sequence[LaunchToken], *, host: str, agent_pid: int
    ) -> list[wire.OpenReply | Exception]:
        """For each token what its agent is told, or why it gets nothing (NotAuthentic, Refused, …)."""
        sessions = [new_session() for _ in tokens]
        hashed = [stored(session) for session in sessions]

        def body(tx: Tx) -> list[Opened]:
            return [
                exchange(tx, token, session_hash=one, host=host, agent_pid=agent_pid)
                for token, one in zip(tokens, hashed, strict=True)
            ]

        opened = await self._engine.apply(body)
        offsets: dict[int, int] = {}
        for one, session_hash in zip(opened, hashed, strict=True):
            if one.facts is not None:
                self._sessions.remember(session_hash, one.facts)
                launch_id = one.facts.key.launch_id
                offsets[launch_id] = 0 if one.is_first else await self._logs.size(one.facts.key)
        good = {
            one.facts.key.launch_id: session_hash
            for one, session_hash in zip(opened, hashed, strict=True)
            if one.facts is not None
        }
        specs = await self._store.read(
            lambda tx: {one: self._built(tx, one, session, offsets[one]) for one, session in good.items()}
        )
        answers: list[wire.OpenReply | Exception] = []
        for token, one, session in zip(tokens, opened, sessions, strict=True):
            if one.facts is None:
                answers.append(self._refusal(token, one))
            else:
                built = specs[token.launch_id]
                answers.append(await self._answer(built, token.launch_id, offsets[token.launch_id], session))
        return answers

    async def placed(self, given: Sequence[tuple[int, Place]]) -> list[wire.OpenReply | Exception]:
        """As `open`, for launches that were inserted with a place."""

        built = await self._store.read(
            lambda tx: [self._built(tx, launch_id, place.session_hash, 0) for launch_id, place in given]
        )
        answers: list[wire.OpenReply | Exception] = []
        for (launch_id, place), one in zip(given, built, strict=True):
            if one is not None:
                self._sessions.remember(place.session_hash, one.facts)
            answers.append(await self._answer(one, launch_id, 0, place.session))
        return answers

    def _built(self, tx: Tx, launch_id: int, session_hash: str, log_offset: int) -> _Built | None:
        assert isinstance(tx, SqlTx)
        work = queries.work_of_session(tx.connection, launch_id, session_hash)
        if work is None:
            return None
        try:
            return _Built(work.facts, self._specs.build(tx, work, log_offset))
        except Exception as error:  # noqa: BLE001 - it is this launch's alone
            return _Built(work.facts, error)

    async def _answer(
        self, built: _Built | None, launch_id: int, log_offset: int, session: str
    ) -> wire.OpenReply | Exception:
        if built is None:
            self._ended(launch_id)
            gone = "the launch has ended, was deleted, or was given again meanwhile"
            return Refused(grpc.StatusCode.FAILED_PRECONDITION, gone)
        if isinstance(built.spec, Exception):
            return await self._unrunnable(built.facts, log_offset, built.spec)
        return wire.OpenReply(session=session, launch=built.spec)

    def _refusal(self, token: LaunchToken, opened: Opened) -> Exception:
        if opened.is_stale:
            self._ended(token.launch_id)
            return Refused(grpc.StatusCode.FAILED_PRECONDITION, opened.refusal or "")
        return NotAuthentic(opened.refusal or "")

    async def _unrunnable(self, facts: LaunchFacts, log_offset: int, error: Exception) -> Exception:
        if isinstance(error, (CodeMissing, CannotDecrypt, XComGone, KeyError)):
            reason = f"the version has no task {error}" if isinstance(error, KeyError) else str(error)
            await self._refuse(facts, log_offset, reason)
            return Refused(grpc.StatusCode.FAILED_PRECONDITION, reason)
        # The token is spent, so nobody will ask again: it is gone, and another launch may do better.
        launch_id = facts.key.launch_id
        self._ended(launch_id)
        lost = "the control plane could not say what to run"
        await self._engine.apply(lambda tx: operations.lose_launch(tx, launch_id, lost))
        return error


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
