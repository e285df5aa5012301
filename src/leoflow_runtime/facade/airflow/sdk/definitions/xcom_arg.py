"""A task's output as an argument of another task."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk.definitions._internal.mixins import DependencyMixin, ResolveMixin
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.definitions._internal.unsupported import refuse
from airflow.sdk.exceptions import XComNotFound

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk.bases.operator import BaseOperator
    from airflow.sdk.definitions.edges import EdgeModifier

XCOM_RETURN_KEY = "return_value"


class XComArg(ResolveMixin, DependencyMixin):
    """What `operator` leaves under `key`: its return value, unless a key is asked for (`x["key"]`)."""

    def __init__(self, operator: BaseOperator, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    def __getitem__(self, item: str) -> XComArg:
        if not isinstance(item, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(item).__name__}")
        return XComArg(self.operator, item)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'XComArg' object is not iterable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, XComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __repr__(self) -> str:
        return f"XComArg({self.operator!r}{'' if self.key == XCOM_RETURN_KEY else f', {self.key!r}'})"

    def __str__(self) -> str:
        # In an f-string the output becomes a template, as in Airflow (and, as there, no dependency).
        pull = f"task_ids='{self.operator.task_id}', dag_id='{self.operator.dag_id}', key='{self.key}'"
        return f"{{{{ task_instance.xcom_pull({pull}) }}}}"

    @property
    def roots(self) -> list[BaseOperator]:
        return [self.operator]

    @property
    def leaves(self) -> list[BaseOperator]:
        return [self.operator]

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        self.operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        self.operator.set_downstream(other, edge_modifier)

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        yield self.operator, self.key

    def resolve(self, context: Any) -> Any:
        """The value. Raises XComNotFound for a key that was never pushed, unless it is an output dict's."""
        ti = context["ti"]
        value = ti.xcom_pull(task_ids=self.operator.task_id, key=self.key, default=NOTSET, map_indexes=None)
        if not isinstance(value, ArgNotSet):
            return value
        if self.key == XCOM_RETURN_KEY or self.operator.multiple_outputs:
            return None
        raise XComNotFound(ti.dag_id, self.operator.task_id, self.key)

    def map(self, f: Any) -> Any:
        refuse("XComArg.map()")

    def zip(self, *others: Any, **options: Any) -> Any:
        refuse("XComArg.zip()")

    def concat(self, *others: Any) -> Any:
        refuse("XComArg.concat()")

    def __enter__(self) -> Any:
        refuse("A setup or teardown task as a context manager")

    def __exit__(self, *exc_info: object) -> None:
        """Never reached: `__enter__` refuses."""

    @staticmethod
    def iter_xcom_references(arg: Any) -> Iterator[tuple[BaseOperator, str]]:
        """Every task output inside an argument: in collections, and in the fields of operators."""
        if isinstance(arg, ResolveMixin):
            yield from arg.iter_references()
        elif isinstance(arg, (tuple, set, list)):
            for item in arg:
                yield from XComArg.iter_xcom_references(item)
        elif isinstance(arg, dict):
            for item in arg.values():
                yield from XComArg.iter_xcom_references(item)
        elif getattr(arg, "_leoflow_is_operator", False):
            for field in arg.template_fields:
                yield from XComArg.iter_xcom_references(getattr(arg, field, None))

    @staticmethod
    def apply_upstream_relationship(op: BaseOperator, arg: Any) -> None:
        """Make every task whose output is inside `arg` an upstream of `op`."""
        for operator, _ in XComArg.iter_xcom_references(arg):
            op.set_upstream(operator)
