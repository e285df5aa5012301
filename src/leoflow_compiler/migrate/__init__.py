"""An Airflow DAGs folder as Leoflow projects beside it, with a report. The folder itself is only read."""
