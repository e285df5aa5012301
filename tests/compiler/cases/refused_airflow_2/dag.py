from airflow import DAG
from airflow.contrib.operators.ssh_operator import SSHOperator
from airflow.operators import BashOperator
from airflow.operators.postgres_operator import PostgresOperator
from airflow.operators.subdag import SubDagOperator
from airflow.sensors.hive_partition_sensor import HivePartitionSensor

with DAG("demo"):
    PostgresOperator(task_id="a", sql="select 1")
