"""What the workspace holds: which project owns which DAG, and what is wrong with the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from leoflow_runtime.artifact import content_digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """Make this document the current version of its DAG."""

    folder: str
    document: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deregister:
    """The DAG's project is gone, or now declares another id: it runs no more, its history stays."""

    dag_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Complain:
    """Show an import error for this folder, in place of the one it may have."""

    folder: str
    dag_id: str | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recompile:
    """This folder was refused because another one had its DAG; that one has given it up."""

    folder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settle:
    """This folder has no import error (any more)."""

    folder: str


Action = Register | Deregister | Complain | Recompile | Settle


@dataclass(kw_only=True, slots=True)
class Catalogue:
    """Folders are paths relative to the workspace.

    `owners` (folder → dag_id) is what an earlier process registered.
    """

    owners: dict[str, str] = field(default_factory=dict)
    _digests: dict[str, str] = field(default_factory=dict)
    _waiting: dict[str, str] = field(default_factory=dict)  # folder → the dag_id that it cannot have

    def compiled(self, folder: str, document: Mapping[str, Any]) -> list[Action]:
        """A project gave a document."""
        dag_id = document["dag_id"]
        holder = next((f for f, owned in self.owners.items() if owned == dag_id and f != folder), None)
        if holder is not None:
            self._waiting[folder] = dag_id
            actions = self._give_up(folder) if self.owners.get(folder) not in (None, dag_id) else []
            return [*actions, Complain(folder=folder, dag_id=dag_id, text=_duplicate(dag_id, holder, folder))]
        self._waiting.pop(folder, None)
        actions = self._give_up(folder) if self.owners.get(folder) not in (None, dag_id) else []
        digest = content_digest(document)
        if self._digests.get(folder) != digest:
            self._digests[folder] = digest
            actions.append(Register(folder=folder, document=document, digest=digest))
        self.owners[folder] = dag_id
        return [*actions, Settle(folder=folder)]

    def refused(self, folder: str, text: str) -> list[Action]:
        """A project did not compile: its last good version stays."""
        self._waiting.pop(folder, None)
        return [Complain(folder=folder, dag_id=self.owners.get(folder), text=text)]

    def present(self, folders: Collection[str]) -> list[Action]:
        """These are all projects that there are; every other one was removed."""
        actions: list[Action] = []
        for folder in sorted(set(self._waiting) - set(folders)):
            del self._waiting[folder]
            actions.append(Settle(folder=folder))
        for folder in sorted(set(self.owners) - set(folders)):
            actions += [*self._give_up(folder), Settle(folder=folder)]
        return actions

    def forget(self, folder: str) -> None:
        """Its registration failed: what was thought to be registered is not."""
        self._digests.pop(folder, None)

    def _give_up(self, folder: str) -> list[Action]:
        """`folder` no longer has its DAG; a second project with the same id takes over, if there is one."""
        dag_id = self.owners.pop(folder)
        self._digests.pop(folder, None)
        heir = next((f for f, wanted in sorted(self._waiting.items()) if wanted == dag_id), None)
        if heir is None:
            return [Deregister(dag_id=dag_id)]
        del self._waiting[heir]
        return [Recompile(folder=heir)]


def _duplicate(dag_id: str, holder: str, folder: str) -> str:
    return (
        f"Two projects declare dag_id '{dag_id}': {holder} and {folder}. "
        f"The one in {holder} is used; change dag_id in {folder}/leoflow.yaml."
    )
