import os
from pathlib import Path

from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

HERE = Path(__file__)
with DAG(f"demo_{HERE.resolve().stem}", template_searchpath=str(HERE.parent)):
    BashOperator(task_id=os.path.basename(__file__).replace(".py", ""), bash_command="true", cwd=str(HERE.parent))
    BashOperator(task_id=os.path.splitext(os.path.basename(__file__))[0] + "2", bash_command="true")
