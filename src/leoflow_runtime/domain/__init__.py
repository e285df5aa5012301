"""Task and run states, trigger rules, limits and retries: functions of values."""
