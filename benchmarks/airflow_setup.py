"""Airflow 3.2.2 in an environment of its own, with LocalExecutor, as its documents describe.

The database is Debian's PostgreSQL where it is installed; else SQLite, which Airflow itself advises against.
The database's processes belong to the system that is measured: ours has its database inside.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
from rich.console import Console

from benchmarks.subject import Subject

VERSION = "3.2.2"
CACHE = Path(__file__).resolve().parents[1] / ".cache" / "airflow"
# Later releases of its dependencies are not what 3.2.2 was released with.
NEWEST = "2026-06-01"


@contextlib.contextmanager
def airflow(projects: Mapping[str, str], console: Console) -> Iterator[tuple[Subject, str]]:
    """A running Airflow that knows `projects` (dag id → text of the file); and the name of its database."""
    _install(console)
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="airflow-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "dags").mkdir()
        for name, text in projects.items():
            (folder / "dags" / f"{name}.py").write_text(text)
        binaries = _postgresql()
        database, url, roots = "SQLite", f"sqlite:///{folder}/airflow.db", []
        if binaries is not None:
            database = "PostgreSQL"
            port, pid = stack.enter_context(_cluster(binaries))
            url = f"postgresql+psycopg2://airflow@127.0.0.1:{port}/postgres"
            roots.append(pid)
        port = _free_port()
        environment = _environment(folder, url, port)
        console.print(f"starting Airflow on {database}", style="dim")
        _airflow("db", "migrate", environment=environment)
        for arguments in (("api-server", "--port", str(port)), ("scheduler",), ("dag-processor",)):
            roots.append(stack.enter_context(_service(folder, arguments, environment)))
        address = f"http://127.0.0.1:{port}"
        subject = Subject(name="Airflow", url=address, token=_token(address, folder), roots=lambda: roots)
        for name in projects:
            subject.wait_for_dag(name)
        yield subject, database


def installed_python(console: Console) -> Path:
    """The interpreter of an environment that has Airflow, which is made where there is none yet."""
    _install(console)
    return CACHE / "venv" / "bin" / "python"


def _install(console: Console) -> None:
    marker = CACHE / f"{VERSION}.installed"
    if marker.exists():
        return
    console.print(f"installing Airflow {VERSION} into {CACHE} (once; takes minutes)", style="dim")
    CACHE.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, CACHE / "venv"], check=True)
    subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--python", CACHE / "venv" / "bin" / "python"),
            *("--exclude-newer", NEWEST, f"apache-airflow=={VERSION}", "psycopg2-binary", "asyncpg"),
        ],
        check=True,
    )
    marker.touch()


def _environment(folder: Path, database: str, port: int) -> dict[str, str]:
    settings = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(folder / "dags"),
        "CORE__PARALLELISM": "32",
        "CORE__MAX_ACTIVE_TASKS_PER_DAG": "1000",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__FERNET_KEY": "",
        "API__SECRET_KEY": secrets.token_urlsafe(32),
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "LOGGING__LOGGING_LEVEL": "WARNING",
    }
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    path = f"{CACHE / 'venv' / 'bin'}:{kept.get('PATH', '')}"
    return (
        kept
        | {f"AIRFLOW__{name}": value for name, value in settings.items()}
        | {"PATH": path, "HOME": str(folder), "AIRFLOW_HOME": str(folder), "SCARF_ANALYTICS": "false"}
    )


def _airflow(*arguments: str, environment: Mapping[str, str]) -> None:
    command = [str(CACHE / "venv" / "bin" / "airflow"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"airflow {' '.join(arguments)}: {done.stdout[-1000:]}{done.stderr[-2000:]}")


@contextlib.contextmanager
def _service(folder: Path, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[int]:
    """One long-running part of Airflow; ended with the whole of its tree."""
    with (folder / f"{arguments[0]}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(CACHE / "venv" / "bin" / "airflow"), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait(10)


def _token(address: str, folder: Path) -> str:
    """Of the simple manager in which everybody is an admin."""
    deadline = time.monotonic() + 120
    while True:
        with contextlib.suppress(httpx.TransportError):
            reply = httpx.get(f"{address}/auth/token", timeout=30)
            if reply.is_success:
                token: str = reply.json()["access_token"]
                return token
        if time.monotonic() > deadline:
            raise RuntimeError((folder / "api-server.log").read_text("utf-8", "replace")[-3000:])
        time.sleep(0.3)


def _postgresql() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextlib.contextmanager
def _cluster(binaries: Path) -> Iterator[tuple[int, int]]:
    """A PostgreSQL of our own: its port and its process id. It refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-pg-"))
    as_other: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_other = ["runuser", "-u", "postgres", "--"]
    data, port = folder / "data", _free_port()
    try:
        subprocess.run(
            [*as_other, binaries / "initdb", "-D", data, "-U", "airflow", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        control = [*as_other, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        log = folder / "log"
        subprocess.run(
            [*control, "-l", str(log), "-o", options, "start"], check=True, capture_output=True, cwd=folder
        )
        try:
            pid = int((data / "postmaster.pid").read_text().splitlines()[0])
            yield port, pid
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
