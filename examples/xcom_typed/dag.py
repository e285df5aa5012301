"""Values keep their JSON types on the way; the middle task insists on it."""

from airflow.sdk import DAG, task

with DAG("xcom_typed", schedule=None, catchup=False, tags=["example"]):

    @task
    def produce() -> dict:
        return {"batch_id": 7, "ratio": 0.25, "names": ["ada", "grace"], "final": False, "note": None}

    @task
    def validate(batch: dict) -> dict:
        expected = {"batch_id": int, "ratio": float, "names": list, "final": bool, "note": type(None)}
        for field, kind in expected.items():
            if type(batch[field]) is not kind:
                raise TypeError(f"{field} is {type(batch[field]).__name__}, expected {kind.__name__}")
        return {**batch, "final": True}

    @task
    def sink(checked: dict) -> int:
        print(f"batch {checked['batch_id']}: {', '.join(checked['names'])}")
        return len(checked["names"])

    sink(validate(produce()))
