from datetime import datetime
from airflow import DAG
try:
    from airflow.operators.dummy import DummyOperator as Empty
    OLD = True
except ImportError:
    from airflow.operators.empty import EmptyOperator as Empty
    OLD = False
try:
    from airflow.utils.dates import days_ago
    start = days_ago(1)
    name = "two"
except ImportError:
    start = datetime(2024, 1, 1)
    name = "three"
try:
    from airflow.operators.bash import BashOperator
    b = "bash2"
except ImportError:
    from airflow.providers.standard.operators.bash import BashOperator
    b = "bash3"
try:
    dag = DAG("demo", start_date=start, schedule_interval="@daily")
except TypeError:
    dag = DAG("demo", start_date=start, schedule="@hourly")
with dag:
    Empty(task_id="old" if OLD else "new") >> Empty(task_id=name) >> BashOperator(task_id=b, bash_command="a")
