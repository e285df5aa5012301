"""Stands in for the task child: `dag.py` is plain functions, called with the launch and its folder."""
