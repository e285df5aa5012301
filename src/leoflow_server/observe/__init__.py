"""Metrics, traces and JSON logs, recorded where things happen."""
