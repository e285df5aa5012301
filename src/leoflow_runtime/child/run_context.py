"""The context: what templates, `**context` and named arguments of task functions see."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping

from leoflow_runtime.child import assets, dialect
from leoflow_runtime.child.instance import Instance, Run, moment


def build_context(launch: Mapping[str, Any], task: dialect.Operator, run: Run, ti: Instance) -> Any:
    """Airflow's names for the values of this launch; those of the logical date only where there is one."""
    given = launch.get("context") or {}
    told = assets.given_to(launch)
    run.consumed_asset_events = [assets.AssetEvent(event) for event in told["triggering"]]
    context = dialect.context.Context(
        conn=ConnectionAccessor(),
        dag=task.dag,
        dag_run=run,
        data_interval_start=run.data_interval_start,
        data_interval_end=run.data_interval_end,
        expanded_ti_count=given.get("expanded_ti_count") or None,
        inlet_events=assets.InletEvents(task.inlets, told["inlets"]),
        inlets=task.inlets,
        macros=LazyMacros(),
        map_index_template=task.map_index_template,
        outlet_events=assets.OutletEvents(),
        outlets=task.outlets,
        params=_params(task, run, given),
        prev_data_interval_start_success=moment(given.get("prev_data_interval_start_success")),
        prev_data_interval_end_success=moment(given.get("prev_data_interval_end_success")),
        prev_start_date_success=moment(given.get("prev_start_date_success")),
        run_id=run.run_id,
        start_date=ti.start_date,
        task=task,
        task_instance=ti,
        task_instance_key_str=ti.key_str,
        task_reschedule_count=ti.task_reschedule_count,
        templates_dict=None,
        test_mode=False,
        ti=ti,
        triggering_asset_events=assets.TriggeringEvents(told["triggering"]),
        try_number=ti.try_number,
        var={"value": VariableAccessor(as_json=False), "json": VariableAccessor(as_json=True)},
    )
    date = run.logical_date
    if date is not None:
        ts = date.isoformat()
        context.update(
            logical_date=date,
            ds=date.strftime("%Y-%m-%d"),
            ds_nodash=date.strftime("%Y%m%d"),
            ts=ts,
            ts_nodash=date.strftime("%Y%m%dT%H%M%S"),
            ts_nodash_with_tz=ts.replace("-", "").replace(":", ""),
        )
    ti.context = context
    return context


def _params(task: dialect.Operator, run: Run, given: Mapping[str, Any]) -> Dict[str, Any]:
    """The run's parameters; a task's own default wins over the DAG's, and the run's conf over both."""
    params: Dict[str, Any] = task.params.dump()
    own = {name for name, param in task.params._params.items() if param.source == "task"}
    delivered = json.loads(given.get("params_json") or "null") or {}
    params.update({name: value for name, value in delivered.items() if name not in own or name in run.conf})
    params.update({name: run.conf[name] for name in own if name in run.conf})
    return params


class LazyMacros:
    """`macros`: imported when a template asks for one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(dialect.macros(), name)


class VariableAccessor:
    """`var.value.name` and `var.json.name`."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return dialect.variable.Variable.get(key, deserialize_json=self._as_json)

    def get(self, key: str, default: Any = dialect.NOTSET) -> Any:
        return dialect.variable.Variable.get(key, default=default, deserialize_json=self._as_json)


class ConnectionAccessor:
    """`conn.id`."""

    def __getattr__(self, conn_id: str) -> Any:
        if conn_id.startswith("__"):
            raise AttributeError(conn_id)
        return dialect.connection.get_or(conn_id)

    def get(self, conn_id: str, default: Any = dialect.NOTSET) -> Any:
        return dialect.connection.get_or(conn_id, default)
