"""Measurements of the whole product, and of Airflow doing the same work."""
