"""Waiting for files."""

from __future__ import annotations

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.exceptions import AirflowException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class FileSensor(BaseSensorOperator):
    """Until there is such a file."""

    template_fields = ("filepath",)
    ui_color = "#91818a"

    def __init__(
        self,
        *,
        filepath: str,
        fs_conn_id: str = "fs_default",
        recursive: bool = False,
        deferrable: bool = False,
        start_from_trigger: bool = False,
        trigger_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        keep(self, locals())

    @property
    def path(self) -> str:
        """The file, below the path of the connection; without one (`fs_default`), as it is given."""
        import os

        from airflow.providers.standard.hooks.filesystem import FSHook

        return os.path.join(FSHook(self.fs_conn_id).get_path(), self.filepath)

    def poke(self, context: Any) -> bool:
        """A folder counts once there is a file in it."""
        self.log.info("Poking for file %s", self.path)
        return is_there(self.path, recursive=self.recursive)

    def execute(self, context: Any) -> Any:
        if not self.deferrable:
            return super().execute(context)
        if not self.poke(context):
            from airflow.providers.standard.triggers.file import FileTrigger

            self.defer(
                trigger=FileTrigger(self.path, recursive=self.recursive, poke_interval=self.poke_interval),
                method_name="execute_complete",
                timeout=self.timeout,
            )
        return None

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """Raises AirflowException where the trigger found nothing."""
        if not event:
            raise AirflowException(f"{self.task_id} task failed as {self.filepath} not found.")
        self.log.info("%s completed successfully as %s found.", self.task_id, self.filepath)


def is_there(path: str, *, recursive: bool) -> bool:
    """Whether a file matches, or is in a folder that does."""
    import glob
    import os

    return any(
        os.path.isfile(found) or any(files for _, _, files in os.walk(found))
        for found in glob.iglob(path, recursive=recursive)
    )
