"""DAGs and their versions in the in-memory store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leoflow_runtime.artifact import DagSpec, canonical_bytes, content_digest
from leoflow_runtime.engine.in_memory.runs import InMemoryRuns
from leoflow_runtime.engine.rows import DagRow, VersionRow


class InMemoryDags(InMemoryRuns):
    """Part of `InMemoryTx`."""

    def find_dag(self, dag_id: str, tenant_id: int = 1) -> DagRow | None:
        for dag in self._tables["dags"].values():
            if (dag.tenant_id, dag.dag_id) == (tenant_id, dag_id):
                return dag  # type: ignore[no-any-return]
        return None

    def dag(self, pk: int) -> DagRow | None:
        return self._tables["dags"].get(pk)

    def scheduled_dags(self) -> list[DagRow]:
        due = [
            dag
            for dag in self._tables["dags"].values()
            if dag.next_run_after is not None and not dag.is_paused
        ]
        return sorted(due, key=lambda dag: (dag.next_run_after, dag.pk))

    def update_dag(self, pk: int, values: Mapping[str, Any]) -> None:
        self._put("dags", pk, replace(self._tables["dags"][pk], **values))

    def delete_dag(self, pk: int) -> bool:
        if pk not in self._tables["dags"]:
            return False
        for run_pk in list(self._tables["dag_runs"].get(pk, ())):
            self.delete_run(run_pk)
        for version_pk in self._tables["dag_versions"].get(pk, ()):
            self._drop("versions", version_pk)
        self._drop("dag_runs", pk)
        self._drop("dag_versions", pk)
        self._drop("dags", pk)
        return True

    def register(
        self, document: Mapping[str, Any], *, tenant_id: int, created_by: str, meta: Mapping[str, Any]
    ) -> tuple[DagRow, VersionRow, bool]:
        dag = self.find_dag(document["dag_id"], tenant_id)
        if dag is None:
            pk = self._next("dags")
            dag = DagRow(
                pk=pk, tenant_id=tenant_id, dag_id=document["dag_id"], is_paused=False, version_pk=None
            )
            self._put("dags", pk, dag)
        wanted = canonical_bytes(document)
        known = self._tables["dag_versions"].get(dag.pk, ())
        version = next(
            (
                self._tables["versions"][pk]
                for pk in known
                if canonical_bytes(self._tables["versions"][pk].spec.document) == wanted
            ),
            None,
        )
        created = version is None
        if version is None:
            version = VersionRow(
                pk=self._next("versions"),
                dag_pk=dag.pk,
                number=len(known) + 1,
                content_digest=content_digest(document),
                spec=DagSpec.from_document(document),
            )
            self._put("versions", version.pk, version)
            self._put("dag_versions", dag.pk, (*known, version.pk))
        self.update_dag(dag.pk, {"version_pk": version.pk})
        return self._tables["dags"][dag.pk], version, created

    def version(self, pk: int) -> VersionRow:
        return self._tables["versions"][pk]  # type: ignore[no-any-return]
