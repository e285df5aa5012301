from airflow.models.baseoperator import chain, cross_downstream
from airflow.sdk import DAG, chain_linear
from airflow.providers.standard.operators.empty import EmptyOperator


def tasks(prefix, count):
    return [EmptyOperator(task_id=f"{prefix}{n}") for n in range(count)]


with DAG("demo"):
    a, b, c = tasks("a", 1), tasks("b", 2), tasks("c", 2)
    chain(a[0], b, c)
    d = tasks("d", 2)
    cross_downstream(c, d)
    e = tasks("e", 3)
    chain_linear(d, e)
    f = EmptyOperator(task_id="f")
    e >> f
    f >> [g := EmptyOperator(task_id="g"), EmptyOperator(task_id="h")]
    EmptyOperator(task_id="i").set_upstream([g, f])
    EmptyOperator(task_id="j") << g << a
