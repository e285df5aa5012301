"""A task's output as an argument of another task."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk.definitions._internal.mixins import DependencyMixin, ResolveMixin
from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import XComNotFound

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow.sdk.definitions.edges import EdgeModifier

XCOM_RETURN_KEY = "return_value"


class XComArg(ResolveMixin, DependencyMixin):
    """What `operator` leaves under `key`: its return value, unless a key is asked for (`x["key"]`)."""

    def __init__(self, operator: Any, key: str = XCOM_RETURN_KEY) -> None:
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
    def roots(self) -> list[Any]:
        return [operator for operator, _ in self.iter_references()]

    @property
    def leaves(self) -> list[Any]:
        return self.roots

    @property
    def is_setup(self) -> bool:
        return self.operator.is_setup

    @property
    def is_teardown(self) -> bool:
        return self.operator.is_teardown

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        for operator in self.roots:
            operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        for operator in self.roots:
            operator.set_downstream(other, edge_modifier)

    def as_setup(self) -> XComArg:
        for operator in self.roots:
            operator.as_setup()
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> XComArg:
        for operator in self.roots:
            operator.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __enter__(self) -> Any:
        return self.operator.__enter__()

    def __exit__(self, *exc_info: object) -> None:
        self.operator.__exit__(*exc_info)

    def iter_references(self) -> Iterator[tuple[Any, str]]:
        yield self.operator, self.key

    def resolve(self, context: Any) -> Any:
        """The value; a list of all values of a mapped task, but inside of its own mapped group.

        Raises XComNotFound for a key that was never pushed, unless it is an output dict's."""
        ti = context["ti"]
        group = self.operator.task_group
        around = group.mapped_group if group is not None else None
        if self.operator.is_mapped or (around is not None and not _shares(around, context)):
            found = ti.xcom_pull(task_ids=[self.operator.task_id], key=self.key, default=NOTSET)
            return [value for value in found if not isinstance(value, ArgNotSet)]
        index = None if around is None else ti.map_index
        value = ti.xcom_pull(task_ids=self.operator.task_id, key=self.key, default=NOTSET, map_indexes=index)
        if not isinstance(value, ArgNotSet):
            return value
        if self.key == XCOM_RETURN_KEY or self.operator.multiple_outputs:
            return None
        raise XComNotFound(ti.dag_id, self.operator.task_id, self.key)

    def items(self, context: Any) -> Any:
        """The value, to be mapped over."""
        return self.resolve(context)

    def map(self, f: Callable[[Any], Any]) -> XComArg:
        """What `f` makes of each of its items."""
        return self._derived("MapXComArg", "map against", f)

    def filter(self, f: Callable[[Any], Any] | None = None) -> XComArg:
        """Those of its items for which `f` gives something true."""
        return self._derived("FilterXComArg", "filter", f)

    def zip(self, *others: XComArg, fillvalue: Any = NOTSET) -> XComArg:
        """Tuples of its items and those of `others`."""
        return self._derived("ZipXComArg", "map against", *others, fillvalue=fillvalue)

    def concat(self, *others: XComArg) -> XComArg:
        """Its items, then those of `others`."""
        return self._derived("ConcatXComArg", "concatenate", *others)

    def _derived(self, kind: str, verb: str, *args: Any, **kwargs: Any) -> XComArg:
        if self.key != XCOM_RETURN_KEY:
            raise ValueError(f"cannot {verb} non-return XCom")
        from airflow.sdk.definitions import derived_xcom_arg

        return getattr(derived_xcom_arg, kind)(self, *args, **kwargs)

    @staticmethod
    def iter_xcom_references(arg: Any) -> Iterator[tuple[Any, str]]:
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
    def apply_upstream_relationship(op: Any, arg: Any) -> None:
        """Make every task whose output is inside `arg` an upstream of `op`."""
        for operator, _ in XComArg.iter_xcom_references(arg):
            op.set_upstream(operator)


def _shares(group: Any, context: Any) -> bool:
    """Whether the task that runs is in the same mapped group."""
    own = context["task"].task_group
    return own is not None and own.mapped_group is group
