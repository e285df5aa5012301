"""`ti` and `dag_run`: what a running task knows about itself, and its way to XComs."""

from __future__ import annotations

import datetime
import json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from leoflow_runtime.child import dialect, values
from leoflow_runtime.child.client import AgentClient

RETURN_KEY = "return_value"
_NOTSET = dialect.NOTSET


def moment(text: Optional[str]) -> Optional[datetime.datetime]:
    """An RFC 3339 text as an aware datetime; nothing for an empty one."""
    if not text:
        return None
    parsed: datetime.datetime = dialect.timezone.parse(text)
    return parsed


class Run(dialect.DagRun):  # type: ignore[misc]
    """The DAG run. Times are aware datetimes or None."""

    def __init__(self, launch: Mapping[str, Any]) -> None:
        context = launch.get("context") or {}
        self.dag_id: str = launch["dag_id"]
        self.run_id: str = launch["run_id"]
        self.run_type: str = context.get("run_type") or "manual"
        self.triggered_by: Optional[str] = context.get("triggered_by") or None
        self.logical_date = moment(context.get("logical_date"))
        self.data_interval_start = moment(context.get("data_interval_start"))
        self.data_interval_end = moment(context.get("data_interval_end"))
        self.run_after = moment(context.get("run_after"))
        self.start_date = moment(context.get("start_date"))
        self.end_date: Optional[datetime.datetime] = None
        self.conf: Dict[str, Any] = json.loads(context.get("conf_json") or "null") or {}
        self.consumed_asset_events: List[Any] = []
        self.state = "running"

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} @ {self.run_id}>"


class Instance(dialect.TaskInstance):  # type: ignore[misc]
    """This try of this task. Values pushed are kept until the task ends, and are visible to its own pulls."""

    def __init__(
        self, launch: Mapping[str, Any], task: dialect.Operator, run: Run, client: AgentClient
    ) -> None:
        context = launch.get("context") or {}
        self.id: str = context.get("ti_uuid") or ""
        self.task = task
        self.task_id: str = launch["task_id"]
        self.dag_id: str = launch["dag_id"]
        self.run_id: str = launch["run_id"]
        self.map_index: int = launch.get("map_index", -1)
        self.try_number: int = launch["try_number"]
        self.max_tries: int = launch["max_tries"]
        self.dag_version: str = launch.get("dag_version") or ""
        self.dag_run = run
        self.start_date = moment(context.get("task_start_date"))
        self.end_date: Optional[datetime.datetime] = None
        self.state = "running"
        self.operator: str = task.task_type
        self.pool: str = task.pool
        self.queue: str = task.queue
        self.note: Optional[str] = None
        self.task_reschedule_count: int = context.get("reschedule_count") or 0
        self.rendered_fields: Optional[Dict[str, Any]] = None
        self.pushed: Dict[str, str] = {}
        self.context: Any = None
        self._client = client
        self._given: Dict[Tuple[str, str, int], Any] = {
            (given["task_id"], given.get("key") or RETURN_KEY, given.get("map_index", -1)): given
            for given in launch.get("inputs") or ()
        }

    @property
    def hostname(self) -> str:
        import socket

        return socket.gethostname()

    @property
    def logical_date(self) -> Optional[datetime.datetime]:
        return self.dag_run.logical_date

    @property
    def log(self) -> Any:
        return self.task.log

    @property
    def key_str(self) -> str:
        """`dag__task__date`, as the template value `task_instance_key_str`."""
        date = self.logical_date
        return f"{self.dag_id}__{self.task_id}__{date.strftime('%Y%m%d') if date else self.run_id}"

    def get_first_reschedule_date(self, context: Any = None) -> Optional[datetime.datetime]:
        """When this try began, if it has been rescheduled since."""
        return self.start_date if self.task_reschedule_count else None

    def get_template_context(self) -> Any:
        """The context of this try."""
        return self.context

    def get_dagrun(self) -> Run:
        """The run."""
        return self.dag_run

    def xcom_push(self, key: str, value: Any) -> None:
        """Leave a value for other tasks. Raises ValueNotStorable, ValueTooLarge."""
        if not isinstance(key, str) or not key:
            raise TypeError(f"An XCom's key is a text that is not empty, not {key!r}.")
        self.pushed[key] = values.encode(value, key)

    def xcom_pull(
        self,
        task_ids: Union[str, Sequence[str], None] = None,
        dag_id: Optional[str] = None,
        key: str = RETURN_KEY,
        include_prior_dates: bool = False,
        *,
        map_indexes: Any = _NOTSET,
        default: Any = None,
        run_id: Optional[str] = None,
    ) -> Any:
        """What tasks left under `key`: one value for one task id, a list for several.

        Without `task_ids`, this instance's own. A value that is not there is `default`. A mapped task gives
        the list of its values, by map index, unless `map_indexes` picks one or some of them; None picks the
        value of a task without instances.
        """
        single = task_ids is None or isinstance(task_ids, str)
        wanted = [self.task_id] if task_ids is None else [task_ids] if isinstance(task_ids, str) else task_ids
        some = map_indexes if isinstance(map_indexes, Iterable) else None
        if some is not None or isinstance(map_indexes, dialect.ArgNotSet):
            index = self.map_index if task_ids is None and some is None else None
        else:
            index = -1 if map_indexes is None else map_indexes
        found = self._find(list(wanted), key, dag_id, run_id, index, include_prior_dates)
        results: List[Any] = []
        for task_id in wanted:
            mine = found.get(task_id) or []
            if some is not None:
                by_index = dict(mine)
                results.extend([by_index.get(one, default) for one in some])
                continue
            if single and (not mine or index is not None or mine[0][0] < 0):
                return mine[0][1] if mine else default
            results.extend([value for _, value in mine] if mine else [default])
        return results

    def _find(
        self,
        task_ids: List[str],
        key: str,
        dag_id: Optional[str],
        run_id: Optional[str],
        map_index: Optional[int],
        include_prior_dates: bool,
    ) -> Dict[str, List[Tuple[int, Any]]]:
        """Task id to its values with their map indexes, sorted; from here if possible. None: all of them."""
        found: Dict[str, List[Tuple[int, Any]]] = {}
        elsewhere: List[str] = []
        here = dag_id in (None, self.dag_id) and run_id in (None, self.run_id)
        own = self.map_index
        for task_id in task_ids:
            index = -1 if map_index is None else map_index
            given = self._given.get((task_id, key, index)) if here else None
            if here and task_id == self.task_id and key in self.pushed and map_index in (None, own):
                found[task_id] = [(own, values.decode(json.loads(self.pushed[key])))]
            elif given is not None:
                found[task_id] = [(index, values.decode(given["value"]))] if "value" in given else []
            elif task_id not in elsewhere:
                elsewhere.append(task_id)
        if elsewhere:
            answers = self._client.pull_xcom(
                elsewhere,
                key,
                dag_id=dag_id or self.dag_id,
                run_id=run_id or self.run_id,
                map_index=map_index,
                include_prior_dates=include_prior_dates,
            )
            for answer in answers:
                index = answer.get("map_index", -1)
                if "value" in answer:
                    found.setdefault(answer["task_id"], []).append((index, values.decode(answer["value"])))
        for entries in found.values():
            entries.sort(key=lambda entry: entry[0])
        return found

    def __repr__(self) -> str:
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} try {self.try_number}>"
