"""`make demo`: Leoflow Lite with the examples, one of them run to green, and where to look at it.

Everything lies in .leoflow/demo. On a terminal it stays up until Ctrl-C; without one, or with
DEMO_EXIT=1, it ends after the green run.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".leoflow" / "demo"
SHARED_UI = ROOT / ".cache" / "ui"  # where `make ui` puts it
EXAMPLE = "ml_hparam_search"
OFFLINE = (EXAMPLE, "hello", "bash_pipeline", "fan_out_aggregate", "taskflow_sales", "sqlite_load")
LEOFLOW = [str(ROOT / ".venv" / "bin" / "leoflow")]
ENVIRONMENT = {**os.environ, "LEOFLOW_HOME": str(HOME), "LEOFLOW_CONFIG": str(HOME / "config.yaml")}


class DemoFailed(Exception):
    """Something that should have worked did not; the text says what was seen."""


def leoflow(*arguments: str, stdin: str = "") -> str:
    """Runs one command and returns what it printed. Raises DemoFailed."""
    done = subprocess.run(
        [*LEOFLOW, *arguments], env=ENVIRONMENT, input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise DemoFailed(f"leoflow {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def prepare() -> Path:
    """The UI and a workspace with examples."""
    workspace = HOME / "dags"
    workspace.mkdir(parents=True, exist_ok=True)
    for name in OFFLINE:
        if not (workspace / name).exists():
            shutil.copytree(ROOT / "examples" / name, workspace / name)
    fetch = subprocess.run(
        [*LEOFLOW, "setup"], env=ENVIRONMENT | {"LEOFLOW_HOME": str(SHARED_UI)}, check=False
    )
    if fetch.returncode == 0 and not (HOME / "ui").exists():
        (HOME / "ui").symlink_to(SHARED_UI / "ui")
    return workspace


def port() -> str:
    """Lite's own port, or a free one when something listens there."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", 8088))
        except OSError:
            return "0"
    return "8088"


def start(workspace: Path, log: Path) -> tuple[subprocess.Popen[bytes], str, str | None]:
    """Starts Lite; its process, its address, and the password if it was made just now."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*LEOFLOW, "lite", str(workspace), "--port", port(), "--no-setup"],
            env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        said = log.read_text("utf-8", "replace")
        address = re.search(r"is up: (http://\S+)", said)
        if address and "workspace" in said:
            password = re.search(r"login\s+admin\s+(\S+)\s+\(shown", said)
            return process, address.group(1), password.group(1) if password else None
        time.sleep(0.05)
    process.kill()
    raise DemoFailed(f"Leoflow Lite did not start:\n{log.read_text('utf-8', 'replace')}")


def wait_for(dag_id: str) -> None:
    deadline = time.monotonic() + 60
    while dag_id not in leoflow("dags", "list", "--json"):
        if time.monotonic() > deadline:
            raise DemoFailed(f"{dag_id} was not compiled within a minute")
        time.sleep(0.2)


def main() -> int:
    workspace = prepare()
    log = HOME / "lite.out"
    process, address, password = start(workspace, log)
    try:
        # The first start prints the password; a later one knows only its hash.
        password = password or leoflow("lite", "reset-password").split()[1]
        leoflow(
            "auth", "login", "--server", address, "--username", "admin", "--password-stdin", stdin=password
        )
        wait_for(EXAMPLE)
        print(f"Running {EXAMPLE} …", flush=True)
        print(leoflow("runs", "trigger", EXAMPLE, "--wait").strip())
        print(
            f"\nGreen. Look at it: {address}/dags/{EXAMPLE}\n  login  admin  {password}\n  DAGs   {workspace}"
        )
        if os.environ.get("DEMO_EXIT") == "1" or not sys.stdout.isatty():
            return 0
        print("\nCtrl-C ends it.", flush=True)
        process.wait()
        return process.returncode
    except DemoFailed as error:
        print(f"demo: {error}\n{log.read_text('utf-8', 'replace')[-3000:]}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
