"""Asking people. Built as declared; it does not run yet."""

from __future__ import annotations

from airflow.sdk.bases.branch import BranchMixIn, SkipMixin
from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.declared import keep
from airflow.sdk.definitions._internal.unsupported import not_run

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


@not_run
class HITLOperator(BaseOperator):
    """Shows a question and some answers; the task's value is what was chosen."""

    template_fields = ("subject", "body")

    def __init__(
        self,
        *,
        subject: str,
        options: list[str],
        body: str | None = None,
        defaults: Any = None,
        multiple: bool = False,
        notifiers: Any = None,
        assigned_users: Any = None,
        response_timeout: Any = None,
        **kwargs: Any,
    ) -> None:
        """Raises ValueError for no answers, or a default that is none of them."""
        super().__init__(**kwargs)
        keep(self, locals())
        self.defaults = [defaults] if isinstance(defaults, str) else defaults
        if not options:
            raise ValueError('"options" cannot be empty.')
        if self.defaults and not set(self.defaults) <= set(options):
            raise ValueError(f'defaults "{self.defaults}" should be a subset of options "{options}"')


@not_run
class ApprovalOperator(HITLOperator, SkipMixin):
    """Goes on when it is approved."""

    def __init__(
        self, *, ignore_downstream_trigger_rules: bool = False, fail_on_reject: bool = False, **kwargs: Any
    ) -> None:
        for name in ("options", "multiple"):
            if name in kwargs:
                raise ValueError(f"Passing {name!r} to ApprovalOperator is not allowed.")
        super().__init__(options=["Approve", "Reject"], **kwargs)
        keep(self, locals())


@not_run
class HITLBranchOperator(HITLOperator, BranchMixIn):
    """Follows what is chosen."""

    inherits_from_skipmixin = True

    def __init__(self, *, options_mapping: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        keep(self, locals())


@not_run
class HITLEntryOperator(HITLOperator):
    """Asks for values."""

    def __init__(self, **kwargs: Any) -> None:
        if "options" not in kwargs:
            kwargs["options"] = ["OK"]
            kwargs.setdefault("defaults", ["OK"])
        super().__init__(**kwargs)
