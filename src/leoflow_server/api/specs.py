"""DAG versions as records, read once: a version never changes."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence

from sqlalchemy import Connection

from leoflow_runtime.artifact import DagSpec
from leoflow_server.api.queries import versions

_KEPT = 512


class Specs:
    """The most recently used versions. Used on the store's reader threads: single operations are atomic."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._known: OrderedDict[int, DagSpec] = OrderedDict()

    def get(self, conn: Connection, version_pk: int) -> DagSpec:
        """Raises KeyError where there is no such version."""
        return self.many(conn, [version_pk])[version_pk]

    def many(self, conn: Connection, version_pks: Sequence[int]) -> dict[int, DagSpec]:
        wanted = set(version_pks)
        found = {pk: spec for pk in wanted if (spec := self._known.get(pk)) is not None}
        missing = sorted(wanted - found.keys())
        for pk, document in versions.documents(conn, missing).items():
            found[pk] = self._known[pk] = DagSpec.from_document(json.loads(document))
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
        return found
