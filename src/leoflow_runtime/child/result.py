"""A task's own account of how it ended: `result.json`."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

from leoflow_runtime.zygote.records import record

_CUT = 4096


class Result:
    """`outcome` is success, failed, failed_no_retry, skipped or up_for_reschedule."""

    def __init__(self, outcome: str, message: str = "") -> None:
        self.outcome = outcome
        self.message = message
        self.xcoms: Dict[str, str] = {}
        self.rendered_fields: Optional[Dict[str, Any]] = None
        self.skip_task_ids: List[str] = []
        self.skip_ignores_trigger_rules = False
        self.note: Optional[str] = None
        self.reschedule_at: Optional[str] = None
        # How many items the return value has, where one can go through it.
        self.map_length: Optional[int] = None
        # Updates of assets that a success leaves.
        self.asset_events: List[Dict[str, Any]] = []
        # What an instance of a mapped task is called.
        self.rendered_map_index: Optional[str] = None

    def write(self, directory: str) -> None:
        """Whole or not at all; what is written last, counts."""
        record(directory, "result.json", self.__dict__)


def rendered_fields(task: Any, secrets: Sequence[str]) -> Dict[str, Any]:
    """The task's template fields for people: JSON values, long ones cut, secrets masked."""
    return {field: _shown(getattr(task, field, None), secrets) for field in task.template_fields}


def _shown(value: Any, secrets: Sequence[str]) -> Any:
    plain = _masked(_json_form(value), secrets)
    text = plain if isinstance(plain, str) else json.dumps(plain)
    if len(text) > _CUT:
        return f"{text[:_CUT]}… ({len(text)} characters in all)"
    return plain


def _json_form(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        # NaN and the infinities are no JSON.
        return value if value - value == 0 else str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_json_form(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json_form(item) for key, item in value.items()}
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    if isinstance(value, dict):
        return {_masked(key, secrets): _masked(item, secrets) for key, item in value.items()}
    return value
