"""Decides what runs next: planner, timers, dispatch, explain; and the store that it needs."""

from leoflow_runtime.engine.engine import Engine, EngineSettings
from leoflow_runtime.engine.observer import NoObserver, Observer

__all__ = ["Engine", "EngineSettings", "NoObserver", "Observer"]
