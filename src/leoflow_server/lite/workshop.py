"""Keeps what is registered equal to what the workspace holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from leoflow_server.lite.bundle import BundleChanged, materialise
from leoflow_server.lite.catalogue import Action, Catalogue, Complain, Deregister, Recompile, Register, Settle
from leoflow_server.lite.compilers import Compiled, Refused
from leoflow_server.lite.projects import CONFIG_FILE, find_projects
from leoflow_server.lite.requirements import missing

# A file that changes while it is copied is compiled again; so often, and then it is somebody's build loop.
_ATTEMPTS = 5


class Rejected(Exception):
    """The registry did not take a document; `str()` says why."""


class Registry(Protocol):
    """Where versions and import errors go. Folders are relative to the workspace."""

    async def register(self, folder: str, document: dict[str, Any], code_path: Path) -> bool:
        """Makes it current; whether that is a new version. Raises Rejected."""

    async def deregister(self, dag_id: str) -> None: ...

    async def complain(self, folder: str, dag_id: str | None, text: str) -> None: ...

    async def settle(self, folder: str) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one project: one line on the terminal."""

    folder: str
    dag_id: str | None
    seconds: float
    changed: bool
    problem: str | None = None


@dataclass(kw_only=True, slots=True)
class Workshop:
    workspace: Path
    bundles: Path
    registry: Registry
    catalogue: Catalogue
    tell: Callable[[Outcome], None]
    compile_one: Callable[[Path, str], Awaitable[Compiled | Refused]]
    parallel: int = 2
    _projects: tuple[Path, ...] = ()
    _dirty: set[Path] = field(default_factory=set)
    _running: set[Path] = field(default_factory=set)
    _heirs: set[Path] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(init=False)
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.parallel)

    @property
    def projects(self) -> tuple[Path, ...]:
        return self._projects

    async def survey(self) -> tuple[Path, ...]:
        """Looks for projects; deregisters those that are gone. Returns those to compile now."""
        found = await asyncio.to_thread(find_projects, self.workspace)
        known = set(self._projects)
        self._projects = found
        async with self._order:
            await self._apply(self.catalogue.present([self._relative(project) for project in found]))
        return tuple({project for project in found if project not in known} | self._take_heirs())

    async def compile(self, projects: Collection[Path]) -> None:
        """Compiles these and registers each as soon as it is done; returns when all are.

        A project that is being compiled already is compiled once more after that.
        """
        self._dirty.update(projects)
        async with asyncio.TaskGroup() as group:
            for project in projects:
                if project not in self._running:
                    self._running.add(project)
                    group.create_task(self._until_clean(project))

    async def _until_clean(self, project: Path) -> None:
        try:
            while project in self._dirty:
                async with self._slots:
                    self._dirty.discard(project)
                    self.tell(await self._one(project))
                await self.compile(self._take_heirs())
        finally:
            self._running.discard(project)

    def _take_heirs(self) -> set[Path]:
        heirs, self._heirs = self._heirs, set()
        return heirs

    async def _one(self, project: Path) -> Outcome:
        folder = self._relative(project)
        begin = time.monotonic()
        for _ in range(_ATTEMPTS):
            result = await self.compile_one(self.workspace, folder)
            if not (project / CONFIG_FILE).exists():
                # Removed while it was compiled: the survey that follows deals with it.
                return Outcome(folder=folder, dag_id=None, seconds=time.monotonic() - begin, changed=False)
            try:
                async with self._order:
                    return await self._settle(folder, result)
            except BundleChanged:
                continue
            except (Rejected, OSError) as error:
                await self.registry.complain(folder, None, str(error))
                seconds = time.monotonic() - begin
                return Outcome(folder=folder, dag_id=None, seconds=seconds, changed=False, problem=str(error))
        problem = "Its files changed each time while they were being copied."
        async with self._order:
            await self._apply(self.catalogue.refused(folder, problem))
        seconds = time.monotonic() - begin
        return Outcome(folder=folder, dag_id=None, seconds=seconds, changed=False, problem=problem)

    async def _settle(self, folder: str, result: Compiled | Refused) -> Outcome:
        match result:
            case Refused(text=text, seconds=seconds):
                await self._apply(self.catalogue.refused(folder, text))
                return Outcome(folder=folder, dag_id=None, seconds=seconds, changed=False, problem=text)
            case Compiled(document=document, seconds=seconds):
                actions = self.catalogue.compiled(folder, document)
                changed = await self._apply(actions)
                problem = await self._problem(folder, document, actions)
                dag_id: str = document["dag_id"]
                return Outcome(
                    folder=folder, dag_id=dag_id, seconds=seconds, changed=changed, problem=problem
                )

    async def _problem(self, folder: str, document: dict[str, Any], actions: list[Action]) -> str | None:
        """Why a project that compiles still has an import error, if it has one."""
        for action in actions:
            if isinstance(action, Complain) and action.folder == folder:
                return action.text
        lacking = missing(document.get("runtime", {}).get("dependencies", ()))
        if not lacking:
            return None
        text = (
            f"DAG '{document['dag_id']}' is registered, but this environment lacks: {', '.join(lacking)}. "
            "Install them where Leoflow Lite runs, then save the project again."
        )
        await self.registry.complain(folder, document["dag_id"], text)
        return text

    async def _apply(self, actions: list[Action]) -> bool:
        """Carries out what the catalogue decided; whether a new version came of it."""
        changed = False
        for action in actions:
            match action:
                case Register():
                    changed |= await self._register(action)
                case Deregister(dag_id=dag_id):
                    await self.registry.deregister(dag_id)
                case Complain(folder=folder, dag_id=dag_id, text=text):
                    await self.registry.complain(folder, dag_id, text)
                case Recompile(folder=folder):
                    self._heirs.add(self.workspace / folder)
                case Settle(folder=folder):
                    await self.registry.settle(folder)
        return changed

    async def _register(self, action: Register) -> bool:
        document = dict(action.document)
        try:
            code = await asyncio.to_thread(
                materialise,
                self.workspace / action.folder,
                document.get("files", {}),
                self.bundles,
                action.digest,
            )
            return await self.registry.register(action.folder, document, code)
        except BaseException:
            self.catalogue.forget(action.folder)
            raise

    def _relative(self, project: Path) -> str:
        return project.relative_to(self.workspace).as_posix()
