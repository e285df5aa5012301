from pathlib import Path

from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG(Path(__file__).parent.name):
    BashOperator(task_id=(Path(__file__) / "x").stem, bash_command=f"cat {__file__}")
    BashOperator(task_id="command", bash_command=f"cat {__file__}")
