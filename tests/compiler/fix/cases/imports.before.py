# A comment that stays.
from airflow.operators.dummy import (
    DummyOperator,  # the oldest one
)
from airflow.operators.dummy_operator import DummyOperator as Nothing
from airflow.operators.python_operator import PythonOperator
from airflow.providers.http.operators.http import SimpleHttpOperator
from airflow.utils.dates import days_ago
from airflow.sdk import DAG
from .operators.dummy import DummyOperator as Own

x = DummyOperator  ;  y = [DummyOperator, Nothing.DummyOperator, dict(DummyOperator=1)]
