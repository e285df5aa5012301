from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator

def create_dag(dag_id, schedule, default_args, n):
    dag = DAG(dag_id, schedule=schedule, default_args=default_args)
    with dag:
        prev = None
        for i in range(n):
            t = BashOperator(task_id="t_{}".format(i), bash_command="sleep %d" % i)
            if prev is not None:
                prev.set_downstream(t)
            prev = t
    return dag

for n in range(1, 4):
    dag_id = "case" if n == 2 else f"other_{n}"
    globals()[dag_id] = create_dag(dag_id, "@daily", {"owner": "airflow", "start_date": datetime(2021, 1, 1)}, n)
