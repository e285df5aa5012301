"""What Airflow 3.2.2 itself answers, recorded as data, and the scripts that recorded it.

Each `record_*.py` runs in Airflow's environment (`benchmarks/airflow_setup.py` makes `.cache/airflow/venv`):

    .cache/airflow/venv/bin/python tests/oracle/record_trigger_rules.py

and writes its `.json` beside itself. The tests read the data alone.
"""
