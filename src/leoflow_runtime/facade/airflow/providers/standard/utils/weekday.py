"""Days of the week."""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # Known to type checkers; importing typing would cost 5 ms.
if TYPE_CHECKING:
    from typing import Any


class WeekDay(IntEnum):
    """Monday is 1, as in ISO 8601."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str: str) -> int:
        """The number of an English name. Raises AttributeError for another text."""
        try:
            return cls[week_day_str.upper()]
        except KeyError:
            raise AttributeError(f'Invalid Week Day passed: "{week_day_str}"') from None

    @classmethod
    def convert(cls, day: Any) -> int:
        return cls.get_weekday_number(day) if isinstance(day, str) else day

    @classmethod
    def validate_week_day(cls, week_day: Any) -> set[int]:
        """The numbers of a day or several. Raises TypeError for anything else."""
        if not isinstance(week_day, (str, WeekDay, set, list, dict)):
            raise TypeError(
                f"Unsupported Type for week_day parameter: {type(week_day)}."
                "Input should be iterable type:str, set, list, dict or Weekday enum type"
            )
        if isinstance(week_day, (str, WeekDay)):
            week_day = {week_day}
        return {cls.convert(day) for day in week_day}


WEEKEND = {WeekDay.SATURDAY, WeekDay.SUNDAY}
