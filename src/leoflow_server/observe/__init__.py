"""Metrics, traces and logs of the control plane itself."""

from leoflow_server.observe.endpoint import MetricsEndpoint
from leoflow_server.observe.logging import set_up_logging
from leoflow_server.observe.metrics import Metrics
from leoflow_server.observe.tracing import span

__all__ = ["Metrics", "MetricsEndpoint", "set_up_logging", "span"]
