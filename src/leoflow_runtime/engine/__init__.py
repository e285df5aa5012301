"""Decides what runs next: planner, timers, dispatch, explain; and the store that it needs."""
