"""What Airflow generates from its API."""
