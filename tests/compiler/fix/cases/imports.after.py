# A comment that stays.
from airflow.providers.standard.operators.empty import (
    EmptyOperator,  # the oldest one
)
from airflow.providers.standard.operators.empty import EmptyOperator as Nothing
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.utils.dates import days_ago
from airflow.sdk import DAG
from .operators.dummy import DummyOperator as Own

x = EmptyOperator  ;  y = [EmptyOperator, Nothing.DummyOperator, dict(DummyOperator=1)]
