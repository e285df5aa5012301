from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

for team in ("red", "blue"):
    with DAG(f"team_{team}", schedule="@daily") as dag:
        EmptyOperator(task_id=f"work_{team}") >> EmptyOperator(task_id="end")
