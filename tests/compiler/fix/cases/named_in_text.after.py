from airflow.providers.standard.operators.empty import EmptyOperator as DummyOperator

__all__ = ["DummyOperator"]
x: "DummyOperator" = DummyOperator(task_id="a")
