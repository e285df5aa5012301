"""HTTP routes: Airflow's `/api/v2` and `/ui`, ours beside them."""
