from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import BaseOperator, BaseSensorOperator


class Named:
    suffix = "_named"

    def name_of(self, text):
        return text + self.suffix


class Greet(Named, BaseOperator):
    template_fields = ("greeting",)

    def __init__(self, *, greeting, conn_id="greetings", **kwargs):
        super().__init__(**kwargs)
        self.greeting = self.name_of(greeting) if isinstance(greeting, str) else greeting
        self.conn_id = conn_id

    @property
    def loud(self):
        return self.greeting.upper()

    def execute(self, context):
        raise RuntimeError("never in the compiler")


class Polite(Greet):
    def __init__(self, who, **kwargs):
        kwargs.setdefault("retries", 7)
        super().__init__(task_id=f"greet_{who}", greeting=f"Dear {who}", **kwargs)


class Table(SQLExecuteQueryOperator):
    def __init__(self, table, **kwargs):
        super().__init__(task_id=f"load_{table}", sql=f"select * from {table}", **kwargs)


class Script(BashOperator):
    def __init__(self, script, *args, **kwargs):
        super().__init__(*args, bash_command=f"bash {script}", **kwargs)


class Waits(BaseSensorOperator):
    def poke(self, context):
        return True
