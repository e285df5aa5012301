"""DAG versions as records, read once: a version never changes."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from leoflow_runtime.artifact import DagSpec, TaskSpec
from leoflow_server.api.queries import versions

_KEPT = 512


class Specs:
    """The most recently used versions. Used on the store's reader threads: single operations are atomic."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[int, DagSpec] = OrderedDict()
        self._tasks: dict[int, Mapping[str, TaskSpec]] = {}

    def get(self, conn: Connection, version_pk: int) -> DagSpec:
        """Raises KeyError where there is no such version."""
        return self.many(conn, [version_pk])[version_pk]

    def many(self, conn: Connection, version_pks: Sequence[int]) -> dict[int, DagSpec]:
        wanted = set(version_pks)
        found = {pk: spec for pk in wanted if (spec := self._known.get(pk)) is not None}
        for pk in found:
            # Another thread may have dropped it meanwhile.
            with suppress(KeyError):
                self._known.move_to_end(pk)
        missing = sorted(wanted - found.keys())
        for pk, document in versions.documents(conn, missing).items():
            found[pk] = self._known[pk] = DagSpec.from_document(json.loads(document))
        while len(self._known) > self._kept:
            pk, _ = self._known.popitem(last=False)
            self._tasks.pop(pk, None)
        return found

    def tasks(self, conn: Connection, version_pks: Sequence[int]) -> dict[int, Mapping[str, TaskSpec]]:
        """The tasks of those versions by id."""
        found: dict[int, Mapping[str, TaskSpec]] = {}
        for pk, spec in self.many(conn, version_pks).items():
            index = self._tasks.get(pk)
            if index is None:
                index = {task.task_id: task for task in spec.tasks}
                if pk in self._known:
                    self._tasks[pk] = index
            found[pk] = index
        return found
