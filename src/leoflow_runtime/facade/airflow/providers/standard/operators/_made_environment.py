"""Virtual environments for single tasks: made and thrown away, or kept where the task says."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


@contextmanager
def made(operator: Any) -> Iterator[str]:
    """The interpreter of the task's environment, made with its requirements. Raises AirflowException."""
    if not operator.venv_cache_path:
        with tempfile.TemporaryDirectory(prefix="venv-") as folder:
            _make(operator, folder)
            yield _python_of(folder)
        return
    yield _python_of(_kept(operator))


def _kept(operator: Any) -> str:
    """One for equal requirements; who comes while another makes it waits for that."""
    import fcntl

    what = {
        "requirements": operator.requirements,
        "python": operator.python_version or sys.version,
        "options": operator.pip_install_options,
        "system_site_packages": operator.system_site_packages,
    }
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]
    folder = os.path.join(operator.venv_cache_path, f"venv-{digest}")
    os.makedirs(operator.venv_cache_path, exist_ok=True)
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = os.path.join(folder, "complete")
        if not os.path.exists(complete):
            shutil.rmtree(folder, ignore_errors=True)
            _make(operator, folder)
            open(complete, "w").close()
    return folder


def _make(operator: Any, folder: str) -> None:
    requirements = [line for text in operator.requirements for line in text.splitlines() if line.strip()]
    if operator.serializer != "pickle" and operator.serializer not in requirements:
        requirements.append(operator.serializer)
    command = [_base(operator.python_version), "-m", "venv"]
    if operator.system_site_packages:
        command.append("--system-site-packages")
    if not requirements:
        command.append("--without-pip")
    _run(operator, [*command, folder])
    if requirements:
        options = list(operator.pip_install_options or ())
        urls = operator.index_urls or ()
        for number, url in enumerate([urls] if isinstance(urls, str) else urls):
            options += ["--extra-index-url" if number else "--index-url", url]
        install = [_python_of(folder), "-m", "pip", "install", "--disable-pip-version-check", *options]
        _run(operator, [*install, *requirements])


def _run(operator: Any, command: list[str]) -> None:
    operator.log.info("Executing: %s", " ".join(command[:3]))
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    for line in done.stdout.decode(errors="backslashreplace").splitlines():
        operator.log.info(line)
    if done.returncode != 0:
        raise AirflowException(f"The virtual environment cannot be made (exit status {done.returncode}).")


def _base(version: str | None) -> str:
    """The interpreter to make an environment of; by default this very one."""
    if version is None or version == ".".join(map(str, sys.version_info[: version.count(".") + 1])):
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        raise AirflowException(f"Python {version} is not installed where this task runs.")
    return found


def _python_of(folder: str) -> str:
    return os.path.join(folder, "bin", "python")
