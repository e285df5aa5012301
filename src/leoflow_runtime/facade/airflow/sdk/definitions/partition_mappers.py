"""Which partition of a DAG an asset's partition belongs to: kept as declared."""

from __future__ import annotations

from airflow.sdk.definitions._internal.declared import Declared, keep


class PartitionMapper(Declared):
    """From the key of an asset's partition to that of a run's."""


class IdentityMapper(PartitionMapper):
    """The same key."""


class AllowedKeyMapper(PartitionMapper):
    """The same key, if it is one of these."""

    def __init__(self, allowed_keys: list[str]) -> None:
        keep(self, locals())


class ChainMapper(PartitionMapper):
    """One mapper after the other."""

    def __init__(self, *mappers: PartitionMapper) -> None:
        self.mappers = list(mappers)


class ProductMapper(PartitionMapper):
    """A mapper for each part of a key."""

    def __init__(self, *mappers: PartitionMapper, delimiter: str = "|") -> None:
        self.mappers = list(mappers)
        self.delimiter = delimiter


class _TemporalMapper(PartitionMapper):
    def __init__(self, input_format: str = "%Y-%m-%dT%H:%M:%S", output_format: str | None = None) -> None:
        keep(self, locals())


class StartOfHourMapper(_TemporalMapper):
    """The hour."""


class StartOfDayMapper(_TemporalMapper):
    """The day."""


class StartOfWeekMapper(_TemporalMapper):
    """The week."""


class StartOfMonthMapper(_TemporalMapper):
    """The month."""


class StartOfQuarterMapper(_TemporalMapper):
    """The quarter."""


class StartOfYearMapper(_TemporalMapper):
    """The year."""
