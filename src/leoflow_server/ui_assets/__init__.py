"""Fetches Airflow's UI build out of its published wheel, verified; never committed, never at run time."""
