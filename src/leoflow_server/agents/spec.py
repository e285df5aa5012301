"""Everything that one launch needs to run, read in one snapshot."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from leoflow_runtime.artifact import DagSpec, TaskSpec, XComRef, canonical_bytes
from leoflow_runtime.artifact.canonical import NOT_CONTENT
from leoflow_runtime.domain.states import RunState
from leoflow_runtime.engine.graph import Graph, graph_of
from leoflow_runtime.engine.operations.params import merged_params
from leoflow_runtime.engine.rows import RunRow, TaskRow, VersionRow
from leoflow_runtime.wire import agent_pb2 as wire
from leoflow_server.access import Cipher
from leoflow_server.access.vault import read_connection, read_variable
from leoflow_server.agents import code, queries, xcom_queries
from leoflow_server.agents.asset_events import assets_json
from leoflow_server.agents.masking import secrets_of_connection, secrets_of_variable
from leoflow_server.agents.queries import LaunchWork
from leoflow_server.store.transaction import SqlTx
from leoflow_server.store.xcom_values import XComValues


class SpecBuilder:
    """Builds the `LaunchSpec` of a launch; documents are serialised once per version.

    `bundles`: where code is unpacked on this machine; None: tasks run in images, which hold it.
    """

    def __init__(
        self,
        *,
        cipher: Cipher,
        bundles: Path | None,
        heartbeat_seconds: float,
        xcoms: XComValues,
        documents: int = 64,
    ) -> None:
        self._cipher = cipher
        self._xcoms = xcoms
        self._bundles = bundles
        self._heartbeat_seconds = heartbeat_seconds
        self._documents: OrderedDict[int, bytes] = OrderedDict()
        self._most = documents

    def build(self, tx: SqlTx, work: LaunchWork, log_offset: int) -> wire.LaunchSpec:
        """Raises CodeMissing, CannotDecrypt, XComGone, and KeyError where the version lacks the task."""
        launch, task, run = work.launch, work.task, work.run
        version = tx.version(run.version_pk)
        place = queries.version_place(tx.connection, version.pk)
        spec = version.spec
        described = spec.task(task.task_id)
        code_path, python = "", ""
        if self._bundles is not None:
            code_path = str(code.locate(spec, version.content_digest, place.code_path, self._bundles))
            python = place.python
        result = wire.LaunchSpec(
            launch_id=launch.launch_id,
            dag_id=spec.dag_id,
            run_id=run.run_id,
            task_id=task.task_id,
            map_index=task.map_index,
            try_number=launch.try_number,
            max_tries=task.max_tries,
            content_digest=version.content_digest,
            dag_version=place.label,
            dag_json=self._document(version.pk, spec),
            code_path=code_path,
            python=python,
            inputs=_inputs(tx, run, task, version, self._xcoms),
            env=dict(described.env),
            context=_context(tx, spec, work, described),
            execution_timeout_seconds=described.execution_timeout_seconds or 0.0,
            heartbeat_seconds=self._heartbeat_seconds,
            log_offset=log_offset,
            note=_note(described) if self._bundles is not None else "",
        )
        if launch.callback is not None:
            result.callback.CopyFrom(
                wire.RunCallback(kind=launch.callback, reason=launch.callback_reason or "")
            )
            result.execution_timeout_seconds = 0.0
        self._add_secrets(tx, run.tenant_id, spec, result)
        return result

    def _document(self, version_pk: int, spec: DagSpec) -> bytes:
        known = self._documents.get(version_pk)
        if known is None:
            content = {name: value for name, value in spec.document.items() if name not in NOT_CONTENT}
            known = self._documents[version_pk] = canonical_bytes(content)
            if len(self._documents) > self._most:
                self._documents.popitem(last=False)
        return known

    def _add_secrets(self, tx: SqlTx, tenant_id: int, spec: DagSpec, result: wire.LaunchSpec) -> None:
        """Only what the DAG requires; what is not there is left out, and the task says so if it asks."""
        hidden: dict[str, None] = {}
        for key in spec.required_variables:
            value = read_variable(tx.connection, self._cipher, tenant_id, key)
            if value is not None:
                result.variables[key] = value
                hidden.update(dict.fromkeys(secrets_of_variable(key, value)))
        for conn_id in spec.required_connections:
            stored = read_connection(tx.connection, self._cipher, tenant_id, conn_id)
            if stored is not None:
                result.connections[conn_id] = stored.as_json()
                hidden.update(dict.fromkeys(secrets_of_connection(stored.password, stored.extra)))
        result.secrets.extend(hidden)


def _note(described: TaskSpec) -> str:
    """What a process leaves aside, as Airflow's LocalExecutor does."""
    if "pod_override" not in described.raw.get("executor_config", {}):
        return ""
    return "`pod_override` is for pods: this task runs as a process, and without it."


def _inputs(
    tx: SqlTx, run: RunRow, task: TaskRow, version: VersionRow, xcoms: XComValues
) -> list[wire.Input]:
    """What the task needs of others. The many values of a mapped task it pulls by itself."""
    references = list(_references(task, graph_of(version)))
    values = xcoms.fetch(xcom_queries.inputs_of(tx.connection, run.pk, references))
    return [
        wire.Input(
            task_id=reference.task_id,
            key=reference.key,
            map_index=-1 if reference.map_index is None else reference.map_index,
            value_json=value,
        )
        for reference, value in zip(references, values, strict=True)
    ]


def _references(task: TaskRow, graph: Graph) -> Iterator[XComRef]:
    index = graph.index[task.task_id]
    expansion = graph.expansions.get(index)
    mapped_over = [XComRef(task_id=up) for up in expansion.upstream] if expansion is not None else []
    for reference in dict.fromkeys([*graph.specs[index].inputs(), *mapped_over]):
        up = graph.index[reference.task_id]
        if up not in graph.expansions or reference.map_index is not None:
            yield reference
        elif index in graph.group_of and graph.group_of[index] == graph.group_of.get(up):
            yield replace(reference, map_index=task.map_index)


def _context(tx: SqlTx, spec: DagSpec, work: LaunchWork, described: TaskSpec) -> wire.RunContext:
    run, task = work.run, work.task
    previous = tx.previous_run(run, states=[RunState.SUCCESS])
    return wire.RunContext(
        run_type=str(run.run_type),
        logical_date=_text(run.logical_date),
        data_interval_start=_text(run.data_interval_start),
        data_interval_end=_text(run.data_interval_end),
        run_after=_text(run.run_after),
        start_date=_text(run.start_date),
        conf_json=json.dumps(dict(run.conf)),
        params_json=json.dumps(merged_params(spec, run.conf)),
        task_start_date=_text(task.start_date or tx.now),
        prev_start_date_success=_text(previous.start_date if previous else None),
        prev_data_interval_start_success=_text(previous.data_interval_start if previous else None),
        prev_data_interval_end_success=_text(previous.data_interval_end if previous else None),
        triggered_by=run.triggered_by,
        assets_json=assets_json(tx, run, described),
        ti_uuid=work.task_uuid,
        # Only a try that has begun before can have been rescheduled.
        reschedule_count=queries.reschedules(tx.connection, task) if task.start_date is not None else 0,
        expanded_ti_count=queries.expanded_ti_count(tx.connection, task) if task.map_index >= 0 else 0,
    )


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()
