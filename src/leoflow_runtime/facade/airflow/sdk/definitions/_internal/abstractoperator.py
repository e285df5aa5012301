"""What a task is, whether it is mapped or not."""

from __future__ import annotations

from airflow.sdk.definitions._internal.node import DAGNode

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.definitions._internal.setup_teardown import Scopes
    from airflow.sdk.definitions.xcom_arg import XComArg


class AbstractOperator(DAGNode):
    """A node with a class of operator, an output, and its part in setup and teardown."""

    task_id: str
    operator_class: type
    template_fields: Any = ()
    is_setup = False
    is_teardown = False
    on_failure_fail_dagrun = False
    is_mapped = False

    _leoflow_is_operator = True

    @property
    def node_id(self) -> str:
        return self.task_id

    @property
    def roots(self) -> list[Any]:
        return [self]

    @property
    def leaves(self) -> list[Any]:
        return [self]

    @property
    def task_type(self) -> str:
        return self.operator_class.__name__

    @property
    def operator_name(self) -> str:
        return getattr(self.operator_class, "custom_operator_name", self.task_type)

    @property
    def output(self) -> XComArg:
        """This task's return value, as an argument for other tasks."""
        from airflow.sdk.definitions.xcom_arg import XComArg

        return XComArg(self)

    def as_setup(self) -> Any:
        from airflow.sdk.definitions._internal.setup_teardown import mark_setup

        mark_setup(self)
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> Any:
        from airflow.sdk.definitions._internal.setup_teardown import mark_teardown

        mark_teardown(self, setups, on_failure_fail_dagrun)
        return self

    def __enter__(self) -> Scopes:
        from airflow.sdk.definitions._internal.setup_teardown import open_scope

        return open_scope((self,))

    def __exit__(self, *exc_info: object) -> None:
        from airflow.sdk.definitions._internal.setup_teardown import close_scope

        close_scope()
