"""Starts everything of Lite, and says in one sentence why it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import uvloop

from leoflow_server import application, ui_assets
from leoflow_server.listening import CannotStart
from leoflow_server.lite import terminal
from leoflow_server.lite.bundle import sweep
from leoflow_server.lite.catalogue import Catalogue
from leoflow_server.lite.compilers import CompilerPool
from leoflow_server.lite.errors import LiteError, WorkspaceUnusable
from leoflow_server.lite.home import LiteHome, exclusive, note_port
from leoflow_server.lite.projects import find_projects
from leoflow_server.lite.registration import ControlPlane
from leoflow_server.lite.secrets import load_or_create, new_password
from leoflow_server.lite.tending import tend
from leoflow_server.lite.workshop import Workshop
from leoflow_server.observe import set_up_logging
from leoflow_server.services import Services
from leoflow_server.settings import Settings, SettingsInvalid, database_url, leoflow_home
from leoflow_server.store.errors import StoreError
from leoflow_server.ui_assets.command import progress_bar

# Reasons to stop whose text is one sentence for people.
_FOR_PEOPLE = (LiteError, StoreError, CannotStart, SettingsInvalid)
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What was asked for. Port 0 is a free one; no workspace is the default one."""

    workspace: Path | None
    host: str
    port: int
    grpc_port: int
    metrics_port: int
    database_url: str | None  # None: from the environment, or SQLite in the home folder
    setup: bool  # whether a missing UI is fetched now


def main(options: Options) -> int:
    """Runs Lite until it is told to stop; returns the exit code."""
    home = LiteHome(root=leoflow_home().absolute())
    try:
        workspace = _workspace(options.workspace)
        home.prepare()
        with exclusive(home, port=options.port):
            sweep(home.bundles)
            _fetch_ui(home, wanted=options.setup)
            if options.host not in _THIS_MACHINE:
                terminal.open_to_others(options.host)
            uvloop.run(_serve(options, home, workspace))
    except _FOR_PEOPLE as error:
        terminal.fail(str(error))
        return 1
    except ExceptionGroup as group:
        expected, others = group.split(_FOR_PEOPLE)
        if others is not None:
            raise
        for reason in _leaves(expected):
            terminal.fail(str(reason))
        return 1
    return 0


async def _serve(options: Options, home: LiteHome, workspace: Path) -> None:
    settings = lite_settings(options, home)
    set_up_logging(settings.log_format, settings.log_level)

    async def beside(services: Services) -> None:
        await _tend(services, home, workspace)

    await application.serve(settings, beside=beside)


def lite_settings(options: Options, home: LiteHome) -> Settings:
    """The control plane's settings of this installation; its secrets are made on the first start."""
    made = load_or_create(home.secrets)
    return Settings(
        home=home.state,
        ui_dir=home.ui,
        database_url=database_url({"database_url": options.database_url}, home=home.state),
        host=options.host,
        port=options.port,
        grpc_port=options.grpc_port,
        metrics_port=options.metrics_port,
        jwt_secret=made.jwt_secret,
        encryption_key=made.encryption_key,
        agent_secret=made.agent_secret,
        lite=True,
        instance_name="Leoflow Lite",
        log_level=os.environ.get("LEOFLOW_LOG_LEVEL", "warning"),
    )


async def _tend(services: Services, home: LiteHome, workspace: Path) -> None:
    port = services.ports.http
    note_port(home, port)
    password = new_password()
    created = await services.access.bootstrap("admin", password)
    terminal.welcome(
        url=f"http://{_shown(services.settings.host)}:{port}",
        workspace=workspace,
        password=password if created else None,
        ui=ui_assets.installed(home.ui),
    )
    registry = ControlPlane(services=services)
    await registry.forget_complaints()
    parallel = max(2, (os.cpu_count() or 2) - 1)
    compilers = CompilerPool(size=parallel)
    workshop = Workshop(
        workspace=workspace,
        bundles=home.bundles,
        registry=registry,
        catalogue=Catalogue(owners=await registry.registered()),
        tell=terminal.outcome,
        compile_one=compilers.compile,
        parallel=parallel,
    )
    try:
        await tend(workshop)
    finally:
        await compilers.close()


def _workspace(asked: Path | None) -> Path:
    """The folder of projects; the default one is made, with a first project in it."""
    if asked is not None:
        workspace = asked.expanduser().absolute()
        find_projects(workspace)
        return workspace.resolve()
    workspace = Path("~/leoflow").expanduser()
    try:
        workspace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceUnusable(workspace, (error.strerror or str(error)).lower()) from None
    if not find_projects(workspace):
        _first_project(workspace / "hello")
    return workspace.resolve()


def _first_project(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "leoflow_compiler", "init", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if made.returncode != 0:
        raise WorkspaceUnusable(folder, (made.stderr.strip() or "`leoflow init` failed").rstrip("."))
    terminal.say(f"The workspace was empty: wrote a first project to {folder}")


def _fetch_ui(home: LiteHome, *, wanted: bool) -> None:
    if not wanted or ui_assets.installed(home.ui):
        return
    try:
        with progress_bar("Fetching the UI") as progress:
            ui_assets.fetch(home.ui, progress=progress)
    except ui_assets.SetupFailed as error:
        terminal.fail(f"{error} The API starts without the UI.")


def _shown(host: str) -> str:
    """An address that a browser on this machine can open."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _leaves(group: ExceptionGroup[Exception] | None) -> Iterable[Exception]:
    for error in group.exceptions if group is not None else ():
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
