"""The operator behind `@task.sensor`."""

from __future__ import annotations

from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk.bases.decorator import get_unique_task_id, task_decorator_factory

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class DecoratedSensorOperator(PythonSensor):
    """Waits until the decorated function says yes."""

    template_fields = ("op_args", "op_kwargs")
    template_fields_renderers = {"op_args": "py", "op_kwargs": "py"}
    custom_operator_name = "@task.sensor"

    def __init__(self, *, task_id: str, **kwargs: Any) -> None:
        kwargs.pop("multiple_outputs", None)
        task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        super().__init__(task_id=task_id, **kwargs)


def sensor_task(python_callable: Any = None, **kwargs: Any) -> Any:
    """`@task.sensor`."""
    return task_decorator_factory(
        python_callable,
        multiple_outputs=False,
        decorated_operator_class=DecoratedSensorOperator,
        decorator_name="task.sensor",
        **kwargs,
    )
