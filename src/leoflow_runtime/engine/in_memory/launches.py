"""Launches of the in-memory store, and what they hand over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from leoflow_runtime.artifact.records import RETURN_VALUE
from leoflow_runtime.engine.in_memory.journal import only
from leoflow_runtime.engine.in_memory.tasks import InMemoryTasks
from leoflow_runtime.engine.rows import LaunchReport, LaunchRow, TaskRow
from leoflow_runtime.executors.protocol import Place

_LAUNCH_FIELDS = frozenset(LaunchRow.__dataclass_fields__)


class InMemoryLaunches(InMemoryTasks):
    """Part of `InMemoryTx`."""

    def open_launches(self, tasks: Sequence[TaskRow], places: Sequence[Place | None] = ()) -> list[LaunchRow]:
        opened = [
            LaunchRow(
                launch_id=self._next("launches"),
                task_pk=task.pk,
                run_pk=task.run_pk,
                try_number=task.try_number,
                created_at=self._now,
                host=place.host if place else None,
                opened_at=self._now if place else None,
                heartbeat_at=self._now if place else None,
            )
            for task, place in zip(tasks, places or [None] * len(tasks), strict=True)
        ]
        for launch in opened:
            self._put("launches", launch.launch_id, launch)
            self._put("unfinished", launch.launch_id, None)
        return opened

    def open_callback(self, task: TaskRow, callback: str, reason: str) -> LaunchRow:
        launch = LaunchRow(
            launch_id=self._next("launches"),
            task_pk=task.pk,
            run_pk=task.run_pk,
            try_number=max(task.try_number, 1),
            created_at=self._now,
            callback=callback,
            callback_reason=reason,
        )
        self._put("launches", launch.launch_id, launch)
        self._put("unfinished", launch.launch_id, None)
        return launch

    def launch(self, launch_id: int) -> LaunchRow | None:
        return self._tables["launches"].get(launch_id)

    def expect_launches(self, launch_ids: Collection[int]) -> None:
        """They are at hand."""

    def task_of_launch(self, launch_id: int) -> TaskRow | None:
        launch = self._tables["launches"].get(launch_id)
        return None if launch is None else self._tables["tasks"].get(launch.task_pk)

    def update_launch(self, launch_id: int, values: Mapping[str, Any]) -> bool:
        launch = self._tables["launches"].get(launch_id)
        if launch is None or launch.finished_at is not None:
            return False
        self._put("launches", launch_id, replace(launch, **only(values, _LAUNCH_FIELDS)))
        return True

    def finish_launch(self, report: LaunchReport) -> bool:
        launch = self._tables["launches"].get(report.launch_id)
        if launch is None or launch.finished_at is not None:
            return False
        ended = replace(launch, finished_at=report.finished_at or self._now, outcome=report.outcome)
        self._put("launches", report.launch_id, ended)
        self._drop("unfinished", report.launch_id)
        for key, value in report.xcoms.items():
            self._put("xcoms", (launch.task_pk, key), value)
        if RETURN_VALUE in report.xcoms:
            self._put("map_lengths", launch.task_pk, report.map_length)
        if report.rendered_fields is not None:
            self._put("rendered", launch.task_pk, report.rendered_fields)
        return True

    def open_launch_ids(self) -> list[int]:
        return [
            launch.launch_id
            for launch in self.unfinished_launches()
            if (task := self.task(launch.task_pk)) is not None and task.launch_id == launch.launch_id
        ]

    def unfinished_launches(self) -> list[LaunchRow]:
        return [self._tables["launches"][pk] for pk in self._tables["unfinished"]]

    def silent_launches(self, since: datetime) -> list[LaunchRow]:
        return [
            launch
            for launch in self.unfinished_launches()
            if launch.opened_at is not None and (launch.heartbeat_at or launch.opened_at) <= since
        ]
