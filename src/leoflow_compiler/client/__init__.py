"""A control plane as its users see it: the Airflow REST API and ours, over HTTP."""
