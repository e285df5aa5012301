"""Airflow's configuration: what the environment says by `AIRFLOW__SECTION__KEY`, and nothing else."""

from __future__ import annotations

import os

from airflow.sdk.definitions._internal.types import NOTSET, ArgNotSet
from airflow.sdk.exceptions import AirflowConfigException

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TRUE, _FALSE = ("t", "true", "1"), ("f", "false", "0")


class Configuration:
    """Settings by section and key. A getter raises AirflowConfigException where there is no value."""

    def get(self, section: str, key: str, fallback: Any = NOTSET, **options: Any) -> Any:
        return self._read(section, key, fallback, str)

    def getboolean(self, section: str, key: str, fallback: Any = NOTSET, **options: Any) -> Any:
        return self._read(section, key, fallback, _boolean)

    def getint(self, section: str, key: str, fallback: Any = NOTSET, **options: Any) -> Any:
        return self._read(section, key, fallback, int)

    def getfloat(self, section: str, key: str, fallback: Any = NOTSET, **options: Any) -> Any:
        return self._read(section, key, fallback, float)

    def has_option(self, section: str, option: str, **options: Any) -> bool:
        return self._text(section, option) is not None

    def _text(self, section: str, key: str) -> str | None:
        return os.environ.get(f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}")

    def _read(self, section: str, key: str, fallback: Any, convert: Callable[[str], Any]) -> Any:
        text = self._text(section, key)
        if text is None:
            if isinstance(fallback, ArgNotSet):
                raise AirflowConfigException(f"section/key [{section}/{key}] not found in config")
            return fallback
        try:
            return convert(text.strip())
        except ValueError:
            raise AirflowConfigException(f"[{section}/{key}] cannot be {text!r}") from None


def _boolean(text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return text.lower() in _TRUE


conf = Configuration()
