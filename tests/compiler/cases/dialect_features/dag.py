from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import DAG, Asset, BaseOperator, setup, task


class Custom(BaseOperator):
    def execute(self, context):
        return 1


with DAG("demo", schedule=[Asset("a")]):

    @task
    def f(x):
        return x

    f.expand(x=[1, 2])
    f.partial(x=1).expand_kwargs([{}])
    BashOperator.partial(task_id="p").expand(bash_command=["a", "b"])
    FileSensor(task_id="s", filepath="/x")
    S3CreateBucketOperator(task_id="bucket", bucket_name="b")
    Custom(task_id="custom")
    f(1).as_setup()

    @setup
    def prepare():
        return 1

    @task.docker(image="python:3.12")
    def inside():
        return 1

    @task.sensor
    def poke():
        return True
