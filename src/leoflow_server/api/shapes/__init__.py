"""Rows and specs as Airflow 3.2's JSON. Every field that its documents require is present, null included."""
