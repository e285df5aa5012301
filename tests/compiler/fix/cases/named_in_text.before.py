from airflow.operators.dummy import DummyOperator

__all__ = ["DummyOperator"]
x: "DummyOperator" = DummyOperator(task_id="a")
