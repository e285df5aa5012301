from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import itertools
from collections import defaultdict, OrderedDict, Counter, deque, namedtuple
Region = namedtuple("Region", "name code", defaults=("xx",))
REGIONS = [Region("east", "e"), Region(name="west"), Region._make(["n", "o"])]
ENVS = ("dev", "prod")
with DAG(dag_id="loops", schedule=None):
    start = EmptyOperator(task_id="start")
    by_env = defaultdict(list)
    for (env, region) in itertools.product(ENVS, REGIONS):
        t = EmptyOperator(task_id=f"{env}_{region.name}_{region.code}")
        start >> t
        by_env[env].append(t)
    for env, ts in by_env.items():
        chain(*ts)
    for a, b in zip(by_env["dev"], by_env["prod"]):
        a >> b
    for i, (a, b) in enumerate(itertools.pairwise(range(0, 10, 3))):
        EmptyOperator(task_id=f"p_{i}_{a}_{b}")
    for a, b in itertools.zip_longest("abc", "de", fillvalue="z"):
        EmptyOperator(task_id=f"z_{a}_{b}")
    for k, g in itertools.groupby(sorted(["aa", "b", "cc"], key=len), key=len):
        EmptyOperator(task_id=f"g_{k}_{'_'.join(g)}")
    c = Counter("mississippi")
    for ch, n in c.most_common(2):
        EmptyOperator(task_id=f"c_{ch}_{n}")
    q = deque([1, 2, 3], maxlen=2)
    while q:
        EmptyOperator(task_id=f"q_{q.popleft()}")
    d = OrderedDict([("a", 1), ("b", 2)])
    d.move_to_end("a")
    chain(*[EmptyOperator(task_id=f"o_{k}") for k in d])
    for n in itertools.chain.from_iterable([[1, 2], [3]]):
        EmptyOperator(task_id=f"ch_{n}")
    for n in itertools.islice(itertools.count(5, 5), 3):
        EmptyOperator(task_id=f"cnt_{n}")
    for x in itertools.accumulate([1, 2, 3]):
        EmptyOperator(task_id=f"acc_{x}")
    for x, y in itertools.combinations("abc", 2):
        EmptyOperator(task_id=f"comb_{x}{y}")


