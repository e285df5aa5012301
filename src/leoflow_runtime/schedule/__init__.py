"""Cron, timetables and time zones: functions of values."""
