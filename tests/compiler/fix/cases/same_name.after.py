from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset as Dataset

from theirs import Asset


def make(kind: EmptyOperator) -> EmptyOperator:
    return EmptyOperator(task_id="a", outlets=[Dataset("a"), Asset])


x = [EmptyOperator, EmptyOperator]
