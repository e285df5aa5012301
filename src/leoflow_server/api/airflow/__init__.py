"""Airflow's public REST API, `/api/v2`: routes only."""
