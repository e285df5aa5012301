"""Time zones: those of the standard library."""

from __future__ import annotations

import datetime as _dt

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any

UTC = _dt.timezone.utc


def timezone(name: Any = "UTC") -> Any:
    """A zone by name, or by its offset in seconds; a zone is returned as it is."""
    if isinstance(name, int):
        return fixed_timezone(name)
    if not isinstance(name, str):
        return name
    if name.upper() == "UTC":
        return UTC
    if name == "local":
        return local_timezone()
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


Timezone = timezone


def fixed_timezone(offset: int) -> _dt.timezone:
    """The zone that is that many seconds ahead of UTC."""
    return _dt.timezone(_dt.timedelta(seconds=offset))


def local_timezone() -> Any:
    """The zone of this machine, as it is now."""
    return _dt.datetime.now().astimezone().tzinfo
