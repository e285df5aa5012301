from airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator


def EmptyOperator():
    return DummyOperator
