"""What `with DAG(...)` and `with TaskGroup(...)` make current while a file is imported."""

from __future__ import annotations

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from airflow.sdk.definitions._internal.setup_teardown import Scopes
    from airflow.sdk.definitions.dag import DAG
    from airflow.sdk.definitions.taskgroup import TaskGroup


class TaskGroupContext:
    """The stack of open groups."""

    _stack: list[TaskGroup] = []

    @classmethod
    def push(cls, group: TaskGroup) -> None:
        cls._stack.append(group)

    @classmethod
    def pop(cls) -> TaskGroup:
        return cls._stack.pop()

    @classmethod
    def get_current(cls, dag: DAG | None = None) -> TaskGroup | None:
        """The group that a new node of `dag` belongs to; without a DAG, of the current one."""
        if cls._stack and (dag is None or cls._stack[-1].dag is dag):
            return cls._stack[-1]
        return dag.task_group if dag is not None else None


class ScopeContext:
    """The scopes of setup and teardown tasks; nothing until the first one is opened."""

    current: Scopes | None = None


class DagContext:
    """The stack of open DAGs, and those that a context manager has registered."""

    _stack: list[DAG] = []
    autoregistered_dags: list[DAG] = []

    @classmethod
    def push(cls, dag: DAG) -> None:
        if dag.auto_register and not any(dag is known for known in cls.autoregistered_dags):
            cls.autoregistered_dags.append(dag)
        cls._stack.append(dag)
        TaskGroupContext.push(dag.task_group)

    @classmethod
    def pop(cls) -> DAG:
        TaskGroupContext.pop()
        return cls._stack.pop()

    @classmethod
    def get_current(cls) -> DAG | None:
        return cls._stack[-1] if cls._stack else None

    @classmethod
    def reset(cls) -> None:
        """Forget everything: a file that failed to import may have left a context open."""
        cls._stack.clear()
        cls.autoregistered_dags.clear()
        TaskGroupContext._stack.clear()
        ScopeContext.current = None
