"""Runs when assets are updated."""

from __future__ import annotations

from airflow.sdk.bases.timetable import BaseTimetable
from airflow.sdk.definitions._internal.declared import keep

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class PartitionedAssetTimetable(BaseTimetable):
    """By partitions of assets."""

    def __init__(
        self, assets: Any, partition_mapper_config: Any = None, default_partition_mapper: Any = None
    ) -> None:
        keep(self, locals())


class AssetOrTimeSchedule(BaseTimetable):
    """By assets, and by a timetable as well."""

    def __init__(self, *, timetable: BaseTimetable, assets: Any) -> None:
        keep(self, locals())
