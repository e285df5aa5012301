"""Waiting for a command to succeed."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.exceptions import AirflowFailException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class BashSensor(BaseSensorOperator):
    """Until the command ends with 0."""

    template_fields = ("bash_command", "env")

    def __init__(
        self,
        *,
        bash_command: str,
        env: dict[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())

    def poke(self, context: Any) -> bool:
        """Raises AirflowFailException for an exit code that is neither 0 nor the one for another try."""
        import subprocess
        import tempfile

        self.log.info("Running command: %s", self.bash_command)
        with tempfile.TemporaryDirectory(prefix="leoflow-") as scratch:
            done = subprocess.run(
                ["bash", "-c", self.bash_command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=scratch,
                env=self.env,
            )
        for line in done.stdout.decode(self.output_encoding, errors="backslashreplace").splitlines():
            self.log.info(line.strip())
        self.log.info("Command exited with return code %s", done.returncode)
        if done.returncode != 0 and self.retry_exit_code not in (None, done.returncode):
            raise AirflowFailException(f"Command exited with return code {done.returncode}")
        return done.returncode == 0
