from datetime import datetime
from airflow.models import Variable
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator, BranchPythonOperator

N = int(Variable.get("n_workers", default_var=3))
conf = Variable.get("job_conf", default_var={"bucket": "b"}, deserialize_json=True)
regions = Variable.get("regions", default="eu,us").split(",")

def choose(**context):
    return "eu" if context["ds_nodash"] else "us"

with DAG(dag_id="case", start_date=datetime(2024, 1, 1), schedule="@hourly", max_active_runs=1) as dag:
    branch = BranchPythonOperator(task_id="branch", python_callable=choose)
    ops = {}
    for r in regions:
        ops[r] = BashOperator(task_id=r, bash_command=f"echo {conf['bucket']} {{{{ var.value.secret }}}}")
    workers = [BashOperator(task_id=f"w{i}", bash_command="echo") for i in range(N)]
    branch >> list(ops.values())
    ops["eu"] >> workers[0]
    workers[-1] << ops["us"]
