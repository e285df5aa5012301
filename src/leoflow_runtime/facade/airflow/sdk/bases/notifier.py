"""The base of notifiers."""

from __future__ import annotations

from airflow.sdk.definitions.context import context_merge

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class BaseNotifier:
    """Something that is told how a task or a run has ended: a callable, for callbacks."""

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()

    def __init__(self, context: Any = None) -> None:
        self.context = context or {}

    @property
    def log(self) -> Any:
        import logging

        return logging.getLogger(f"{type(self).__module__}.{type(self).__qualname__}")

    def notify(self, context: Any) -> None:
        """Tell."""
        raise NotImplementedError

    async def async_notify(self, context: Any) -> None:
        """Tell, from an event loop."""
        raise NotImplementedError

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Replace each template field by its rendered value."""
        from airflow.sdk.definitions._internal.templater import Templater

        templater = Templater(context["task"], context, jinja_env)
        for field in self.template_fields:
            setattr(self, field, templater.render_field(field, getattr(self, field)))

    def __call__(self, context: Any) -> None:
        context_merge(context, {name: getattr(self, name) for name in self.template_fields})
        self.render_template_fields(context)
        self.notify(context)
