"""The workshop's registry on a running control plane, in its own process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, select

from leoflow_runtime.artifact import ArtifactInvalid
from leoflow_server.lite.projects import CONFIG_FILE
from leoflow_server.lite.workshop import Rejected
from leoflow_server.registry import import_errors, register
from leoflow_server.registry.policy import Denied
from leoflow_server.services import Services
from leoflow_server.store import tables

# The name under which the UI shows what came out of the workspace.
BUNDLE = "workspace"
_TENANT = 1
_WORKSPACE = register.Origin(via="workspace")


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlPlane:
    services: Services

    async def register(self, folder: str, document: dict[str, Any], code_path: Path) -> bool:
        meta = {
            "code_path": str(code_path),
            "relative_fileloc": f"{folder}/{document.get('dag_source', 'dag.py')}",
            "bundle_name": BUNDLE,
        }
        try:
            done = await register.register(
                self.services, document, meta=meta, user="workspace", origin=_WORKSPACE
            )
        except (ArtifactInvalid, Denied) as error:
            raise Rejected(str(error)) from None
        return done.created

    async def deregister(self, dag_id: str) -> None:
        await register.deregister(self.services, dag_id)

    async def complain(self, folder: str, dag_id: str | None, text: str) -> None:
        await import_errors.put(
            self.services, filename=_filename(folder), text=text, dag_id=dag_id, bundle_name=BUNDLE
        )

    async def settle(self, folder: str) -> None:
        await import_errors.clear(self.services, filename=_filename(folder), bundle_name=BUNDLE)

    async def registered(self) -> dict[str, str]:
        """Folder → dag_id, as the last process left it."""
        return await self.services.store.read_rows(_registered)

    async def forget_complaints(self) -> None:
        """What the last process complained about; whatever still holds is said again."""
        await import_errors.clear_all(self.services, bundle_name=BUNDLE)


def _filename(folder: str) -> str:
    """A project is named by its configuration; the text says which file and line is meant."""
    return str(PurePosixPath(folder) / CONFIG_FILE)


def _registered(conn: Connection) -> dict[str, str]:
    """The workspace's DAGs that have a project: folder → dag_id."""
    dags = tables.dags
    rows = conn.execute(
        select(dags.c.relative_fileloc, dags.c.dag_id).where(
            dags.c.tenant_id == _TENANT, dags.c.bundle_name == BUNDLE, dags.c.is_stale.is_(False)
        )
    )
    return {str(PurePosixPath(place).parent): dag_id for place, dag_id in rows}
