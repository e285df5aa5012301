"""What a running task asks for: values of other tasks, variables, connections. Its own tenant's only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.access import Cipher
from leoflow_server.access.audit import Event, record
from leoflow_server.access.vault import delete_variable, read_connection, read_variable, write_variable
from leoflow_server.agents import xcom_queries
from leoflow_server.agents.calls import Context, bearer, unary
from leoflow_server.agents.masking import secrets_of_connection, secrets_of_variable
from leoflow_server.agents.queries import LaunchFacts
from leoflow_server.agents.sessions import Sessions
from leoflow_server.observe import Metrics
from leoflow_server.store import SqlStore
from leoflow_server.store.xcom_values import XComValues

# Each of at most XCOM_LIMIT bytes: together they fit into a message.
VALUES_PER_REPLY = 200


class ValueRequests:
    """The part of the service that a child speaks to, by way of its agent."""

    metrics: Metrics
    _store: SqlStore
    _cipher: Cipher
    _sessions: Sessions
    _clock: Callable[[], datetime]
    _xcoms: XComValues

    @unary
    async def PullXCom(self, request: wire.PullXComRequest, context: Context) -> wire.PullXComReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        return await self._store.read_rows(lambda conn: self._fetched(_pull(conn, facts, request)))

    def _fetched(self, reply: wire.PullXComReply) -> wire.PullXComReply:
        values = reply.values
        held = [value.value_json if value.HasField("value_json") else None for value in values]
        for value, found in zip(values, self._xcoms.fetch(held), strict=True):
            if found is not None:
                value.value_json = found
        return reply

    @unary
    async def GetVariable(self, request: wire.GetVariableRequest, context: Context) -> wire.GetVariableReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        value = await self._store.read_rows(
            lambda conn: read_variable(conn, self._cipher, facts.key.tenant_id, request.key)
        )
        secrets = [] if value is None else secrets_of_variable(request.key, value)
        return wire.GetVariableReply(value=value, secrets=secrets)

    @unary
    async def SetVariable(self, request: wire.SetVariableRequest, context: Context) -> wire.SetVariableReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        await self._store.write_rows(lambda conn: self._set(conn, facts, request))
        return wire.SetVariableReply()

    def _set(self, conn: Connection, facts: LaunchFacts, request: wire.SetVariableRequest) -> None:
        key, now = facts.key, self._clock()
        if request.HasField("value"):
            write_variable(
                conn,
                self._cipher,
                key.tenant_id,
                request.key,
                request.value,
                description=request.description or None,
                now=now,
            )
        else:
            delete_variable(conn, key.tenant_id, request.key)
        event = Event(
            name="variable.set" if request.HasField("value") else "variable.delete",
            owner="task",
            tenant_id=key.tenant_id,
            dag_id=key.dag_id,
            run_id=key.run_id,
            task_id=key.task_id,
            map_index=key.map_index,
            extra={"key": request.key},
        )
        record(conn, event, now)

    @unary
    async def GetConnection(
        self, request: wire.GetConnectionRequest, context: Context
    ) -> wire.GetConnectionReply:
        facts = await self._sessions.launch(request.launch_id, bearer(context))
        stored = await self._store.read_rows(
            lambda conn: read_connection(conn, self._cipher, facts.key.tenant_id, request.conn_id)
        )
        if stored is None:
            return wire.GetConnectionReply()
        secrets = secrets_of_connection(stored.password, stored.extra)
        return wire.GetConnectionReply(uri=stored.as_json(), secrets=secrets)


def _pull(conn: Connection, facts: LaunchFacts, request: wire.PullXComRequest) -> wire.PullXComReply:
    key = request.key or "return_value"
    map_index = request.map_index if request.HasField("map_index") else None
    run_pk: int | None = facts.run_pk
    if request.dag_id or request.run_id:
        run_pk = xcom_queries.find_run_pk(
            conn, facts.key.tenant_id, request.dag_id or facts.key.dag_id, request.run_id or facts.key.run_id
        )
    reply = wire.PullXComReply()
    after = request.after_map_index if request.HasField("after_map_index") else None
    for task_id in request.task_ids or [facts.key.task_id]:
        source, room = run_pk, VALUES_PER_REPLY - len(reply.values)
        if source is not None and request.include_prior_dates:
            source = xcom_queries.earlier_run_with(conn, source, task_id, key, map_index)
        found: list[tuple[int, bytes]] = []
        if source is not None:
            found = xcom_queries.xcoms_of_task(
                conn, source, task_id, key, map_index, after=after, most=room + 1
            )
        for index, value in found[:room]:
            reply.values.add(task_id=task_id, key=key, map_index=index, value_json=value)
        if len(found) > room:
            reply.more = True
            break
        if not found and after is None:
            reply.values.add(task_id=task_id, key=key, map_index=-1 if map_index is None else map_index)
        after = None
    return reply
