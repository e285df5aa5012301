"""The engine on virtual time: its real planner, a store in memory, an executor that only pretends.

A function of its inputs: the same DAGs, durations and seed give the same history, whatever the machine.
"""

from leoflow_runtime.engine.simulator.durations import Behaviour, Durations, DurationsInvalid
from leoflow_runtime.engine.simulator.forecasting import Forecast, RunForecast, forecast
from leoflow_runtime.engine.simulator.simulation import Simulation, Stay

__all__ = [
    "Behaviour",
    "Durations",
    "DurationsInvalid",
    "Forecast",
    "RunForecast",
    "Simulation",
    "Stay",
    "forecast",
]
