"""Shell only: say where it runs, then add up the numbers from 1 to 1000."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("bash_pipeline", schedule=None, catchup=False, tags=["example"]):
    prepare = BashOperator(
        task_id="prepare",
        bash_command='echo "preparing on $(uname -s)"',
    )
    crunch = BashOperator(
        task_id="crunch",
        bash_command="seq 1 1000 | awk '{ total += $1 } END { print total }'",
    )
    prepare >> crunch
