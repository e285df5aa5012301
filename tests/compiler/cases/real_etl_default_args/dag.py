"""
### Sales ETL
Documentation of the DAG.
"""
from datetime import datetime, timedelta
import logging

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

log = logging.getLogger(__name__)
logger = logging.getLogger("airflow.task")
logger.setLevel(logging.INFO)

default_args = {
    "owner": "data-eng",
    "depends_on_past": False,
    "email": ["team@example.com"],
    "email_on_failure": False,
    "email_on_retry": False,
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
}


def extract(ds, **kwargs):
    log.info("extracting %s", ds)
    return {"rows": 3}


def transform(ti, **_):
    data = ti.xcom_pull(task_ids="extract")
    return data["rows"] * 2


dag = DAG(
    "case",
    default_args=default_args,
    description="sales",
    schedule="0 3 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["sales", "etl"],
)
dag.doc_md = __doc__

start = EmptyOperator(task_id="start", dag=dag)
t1 = PythonOperator(task_id="extract", python_callable=extract, dag=dag)
t1.doc_md = """Extracts"""
t2 = PythonOperator(task_id="transform", python_callable=transform, dag=dag)
load = BashOperator(
    task_id="load",
    bash_command="""
    {% for i in range(3) %}
    echo "{{ ds }} {{ macros.ds_add(ds, i) }} {{ params.table }}"
    {% endfor %}
    """,
    params={"table": "sales"},
    dag=dag,
)
end = EmptyOperator(task_id="end", dag=dag, trigger_rule="none_failed")
start >> t1 >> t2 >> [load] >> end

if __name__ == "__main__":
    dag.test()
