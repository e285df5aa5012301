import os

from airflow import DAG

try:
    from airflow.operators.dummy import DummyOperator
except ImportError:
    from airflow.operators.empty import EmptyOperator as DummyOperator

if os.environ.get("OLD"):
    from airflow.operators.python_operator import PythonOperator
else:
    from airflow.operators.python import PythonOperator

from airflow.operators.bash import BashOperator
from airflow.operators.dummy_operator import DummyOperator as Nothing
from airflow.operators.python import ShortCircuitOperator  # leoflow: ignore[LF311] shared

x = [DummyOperator, PythonOperator, BashOperator, Nothing]
try:
    dag = DAG("a", schedule_interval="@daily")
except TypeError:
    dag = DAG("a", schedule="@daily")
other = DAG("b", schedule_interval="@daily")
