from datetime import timedelta

SCHEDULE = timedelta(hours=6)
NAMES = ("a", "b")
DEFAULTS = {"retries": 2, "retry_delay": timedelta(seconds=30), "start_date": None}
