from airflow.operators.dummy import DummyOperator


def EmptyOperator():
    return DummyOperator
