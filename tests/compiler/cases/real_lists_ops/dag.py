import itertools
from collections import OrderedDict, defaultdict, namedtuple
from datetime import datetime, timedelta, timezone
from functools import partial, reduce
from operator import rshift
from airflow import DAG
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.utils.edgemodifier import Label

Step = namedtuple("Step", "name cmd", defaults=("true",))
make = partial(BashOperator, retries=1, retry_delay=timedelta(seconds=10))
args = OrderedDict(owner="x")

with DAG("case", default_args=args, schedule="*/15 * * * *", start_date=datetime(2024, 1, 1, tzinfo=timezone.utc)) as dag:
    steps = [Step("one"), Step("two", "echo {{ ts }}")]
    ops = [make(task_id=s.name, bash_command=s.cmd) for s in steps]
    chain(*ops)
    buckets = defaultdict(list)
    for (i, letter) in itertools.product(range(2), "ab"):
        buckets[letter].append(EmptyOperator(task_id=f"{letter}{i}"))
    cross_downstream(buckets["a"], buckets["b"])
    ops[-1] >> Label("go") >> buckets["a"]
    last = reduce(lambda a, b: a >> b, [EmptyOperator(task_id=f"r{i}") for i in range(3)])
    ops[0] >> dag.get_task("r0")
    for a, b in zip(ops, ops[1:]):
        a >> b
    for t in dag.tasks:
        if t.task_id.startswith("r"):
            t.doc_md = "r"
    final = EmptyOperator(task_id="final")
    [t for t in dag.tasks if not t.downstream_list and t is not final] >> final
