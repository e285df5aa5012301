"""pytz, as far as DAG files use it: its zones are the standard library's, with `localize` and `zone`."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from leoflow_compiler.evaluate.library import Models
from leoflow_compiler.models.pendulum import pure_call, zone


class Zone(zoneinfo.ZoneInfo):
    """A zone with pytz's methods. With `tzinfo=` pytz gives local mean time, which nobody means."""

    def localize(self, moment: datetime.datetime, is_dst: bool | None = False) -> datetime.datetime:
        if moment.tzinfo is not None:
            raise ValueError("Not naive datetime (tzinfo is already set)")
        return moment.replace(tzinfo=zoneinfo.ZoneInfo(self.key))

    def normalize(self, moment: datetime.datetime) -> datetime.datetime:
        return moment

    @property
    def zone(self) -> str:
        return self.key


def _timezone(name: Any) -> Zone:
    zone(name)  # raises for unknown names
    return Zone(name)


def register(models: Models) -> None:
    models.pure_types.add(Zone)
    models.calls["pytz.timezone"] = pure_call(_timezone)
    models.values["pytz.utc"] = models.values["pytz.UTC"] = Zone("UTC")
