"""The engine alone: the real planner, dispatcher and store, and an executor that only pretends."""
