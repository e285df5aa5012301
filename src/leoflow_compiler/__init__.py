"""Turns `dag.py` and `leoflow.yaml` into `dag.json` by reading them, never by running them."""
