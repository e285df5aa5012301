from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

def create_dag(dag_id, schedule, dag_number, default_args):
    dag = DAG(dag_id, schedule=schedule, default_args=default_args)
    with dag:
        def hello_world_py(*args):
            print("Hello World")
        t1 = PythonOperator(task_id="hello_world", python_callable=hello_world_py, op_args=[dag_number])
    return dag
for n in range(1, 4):
    dag_id = "loop_hello_world_{}".format(str(n))
    default_args = {"owner": "airflow", "start_date": datetime(2021, 1, 1)}
    globals()[dag_id] = create_dag(dag_id, "@daily", n, default_args)
    locals()["x_" + dag_id] = 1
    vars()["y" + dag_id] = 2
confs = [dict(id="one", n=2), dict(id="two", n=3)]
for c in confs:
    with DAG(dag_id="cfg_" + c["id"], params=c) as globals()["d_" + c["id"]]:
        ts = []
        for i in range(c["n"]):
            ts.append(EmptyOperator(task_id=f"t{i}"))
            if i not in [0]:
                ts[i-1] >> ts[i]
        del ts
globals().update({f"upd_{k}": create_dag(f"upd_{k}", None, 0, {}) for k in "ab"})
setattr(__import__("sys").modules[__name__], "set_dag", create_dag("sysmod", None, 1, {}))
