"""Shell commands."""

from __future__ import annotations

import os

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Container
    from typing import Any

_GRACE_SECONDS = 3.0


class BashOperator(BaseOperator):
    """Runs a command with `bash -c`; the last line of its output is the task's value."""

    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str,
        env: dict[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], Any] = lambda result: result,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        if skip_on_exit_code is None:
            self.skip_on_exit_code: Container[int] = ()
        elif hasattr(skip_on_exit_code, "__contains__"):
            self.skip_on_exit_code = skip_on_exit_code
        else:
            self.skip_on_exit_code = (skip_on_exit_code,)
        self.cwd = cwd
        self.output_processor = output_processor
        self._process: subprocess.Popen[bytes] | None = None

    def execute(self, context: Any) -> Any:
        """Raises AirflowSkipException for a skip code, AirflowException for any other but 0."""
        if self.cwd is not None:
            if not os.path.exists(self.cwd):
                raise AirflowException(f"Can not find the cwd: {self.cwd}")
            if not os.path.isdir(self.cwd):
                raise AirflowException(f"The cwd {self.cwd} must be a directory")
        last_line = self._run(self._environment())
        code = self._process.returncode if self._process is not None else 0
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {code}. Skipping.")
        if code < 0:
            raise AirflowException(f"Bash command failed. The command was ended by signal {-code}.")
        if code != 0:
            raise AirflowException(f"Bash command failed. The command returned a non-zero exit code {code}.")
        return self.output_processor(last_line)

    def _environment(self) -> dict[str, str]:
        if self.env is None:
            return dict(os.environ)
        if self.append_env:
            return {**os.environ, **self.env}
        about_run = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CTX_")}
        return {**about_run, **self.env}

    def _run(self, env: dict[str, str]) -> str:
        import subprocess
        import tempfile

        self.log.info("Running command: ['bash', '-c', %r]", self.bash_command)
        with tempfile.TemporaryDirectory(prefix="leoflow-") as scratch:
            try:
                process = subprocess.Popen(
                    ["bash", "-c", self.bash_command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=self.cwd or scratch,
                    env=env,
                    # Leading a session of our own, the command stays in our process group, so that whoever
                    # ends the task's group ends it too; otherwise it gets a group that we can end.
                    start_new_session=not _leads_group(),
                )
            except FileNotFoundError:
                raise AirflowException("bash is not installed where this task runs.") from None
            self._process = process
            line = ""
            try:
                for raw in process.stdout or ():
                    line = raw.decode(self.output_encoding, errors="backslashreplace").rstrip()
                    print(line)
                process.wait()
            except BaseException:
                self.on_kill()
                raise
            finally:
                if process.stdout is not None:
                    process.stdout.close()
        self.log.info("Command exited with return code %s", process.returncode)
        return line

    def on_kill(self) -> None:
        """End the command and what it started: politely first."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        import signal
        import subprocess

        if _leads_group():
            before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
        else:
            before = None
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if before is not None:
                signal.signal(signal.SIGTERM, before)


def _leads_group() -> bool:
    return os.getpgrp() == os.getpid()
