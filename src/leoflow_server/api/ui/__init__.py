"""What the UI of Airflow 3.2.2 asks for beside the public API, `/ui`: routes only."""
