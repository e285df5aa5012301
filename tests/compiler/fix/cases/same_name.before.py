from airflow.operators.dummy import DummyOperator
from airflow.operators.dummy_operator import DummyOperator
from airflow.operators.empty import EmptyOperator
from airflow.datasets import Dataset

from theirs import Asset


def make(kind: DummyOperator) -> DummyOperator:
    return DummyOperator(task_id="a", outlets=[Dataset("a"), Asset])


x = [EmptyOperator, DummyOperator]
