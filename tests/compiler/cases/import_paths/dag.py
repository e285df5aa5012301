import airflow.sdk as sdk
from airflow import DAG as TopDag
from airflow import models
from airflow.decorators import task
from airflow.models import DagRun, Variable
from airflow.models.dag import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator
from airflow.sdk.definitions.decorators import task as same_task
from airflow.sdk.definitions.taskgroup import TaskGroup
from airflow.utils.edgemodifier import Label
from airflow.utils.helpers import chain
from airflow.utils.task_group import TaskGroup as SameGroup
from airflow.utils.trigger_rule import TriggerRule
from leoflow import task as our_task

assert DAG is not None and TopDag is not None
with models.DAG("demo") as dag, SameGroup("group"):
    first = sdk.task(lambda: 1)
    chain(
        BashOperator(task_id="bash", bash_command="true"),
        EmptyOperator(task_id="empty", trigger_rule=TriggerRule.ALL_DONE),
        PythonOperator(task_id="python", python_callable=print),
    )

    @our_task
    def ours():
        return DagRun

    @same_task()
    def theirs():
        return Variable

    ours() >> Label("next") >> theirs()
