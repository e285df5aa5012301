from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("e_comp") as dag:
    ts = {n: {m: EmptyOperator(task_id=f"{n}_{m}") for m in range(2)} for n in "ab" if n}
    [x >> y for x, y in zip(ts["a"].values(), ts["b"].values())]
    first = next(t for t in ts["a"].values() if t.task_id.endswith("1"))
    last = max(ts["b"].items(), key=lambda kv: kv[0])[1]
    first >> last
    names = list(map(lambda t: t.task_id, filter(lambda t: "a" in t.task_id, dag.tasks)))
    EmptyOperator(task_id="_".join(sorted(names)))
    nested = [[1, [2, 3]], [4]]
    def flat(x): return [z for y in x for z in (flat(y) if isinstance(y, list) else [y])]
    EmptyOperator(task_id="f" + "".join(str(i) for i in flat(nested)))
    m = [[1, 2], [3, 4]]
    EmptyOperator(task_id="z" + "".join(f"{a}{b}" for a, b in zip(*m)))
    deps = {"c": ["a", "b"], "b": ["a"], "a": []}
    order = []
    def visit(n):
        if n in order: return
        for d in deps[n]: visit(d)
        order.append(n)
    for n in deps: visit(n)
    ops = {}
    for n in order:
        ops[n] = EmptyOperator(task_id=f"dep_{n}")
        ops[n].set_upstream([ops[d] for d in deps[n]])
    total = 0
    def bump():
        global COUNT
        nonlocal_total = total
        COUNT = globals().get("COUNT", 0) + 1
        return COUNT
    bump(); bump()
    EmptyOperator(task_id=f"cnt{COUNT}")
    def counter():
        n = 0
        def inc():
            nonlocal n
            n += 1
            return n
        return inc
    i = counter(); i(); EmptyOperator(task_id=f"cl{i()}")
    fns = [lambda x, k=k: f"{x}{k}" for k in range(3)]
    EmptyOperator(task_id="_".join(fn("q") for fn in fns))
    late = [lambda: k for k in range(3)]
    EmptyOperator(task_id="late" + str([g() for g in late][0]))
    a = b = []
    a.append(1)
    EmptyOperator(task_id=f"al{len(b)}")
    x = [*range(3), *"ab"][1:-1]
    EmptyOperator(task_id="st" + "".join(map(str, x)))
    y = sorted({"b", "a", "c"} - {"c"} | {"d"} & {"d", "e"} ^ {"z"})
    EmptyOperator(task_id="set" + "".join(y))
    s = "a,b"; k, _, v = s.partition(","); EmptyOperator(task_id=f"{k}-{v}")
    def default(x, acc=[]): acc.append(x); return acc
    default(1); EmptyOperator(task_id="mut" + str(len(default(2))))
    print(*names, sep=",")
    if not (z := {}.get("no")) and (w := 5) > 3: EmptyOperator(task_id=f"wal{w}")
    d = {"b": 1}; d.setdefault("a", []).append(2); d.update(c=3); d.pop("b")
    EmptyOperator(task_id="d" + "".join(d))
    t = (1,) * 3 + (2,); EmptyOperator(task_id="tt" + "".join(map(str, t)))
    EmptyOperator(task_id="chained" if 1 < len(t) <= 4 != 5 else "no")
    EmptyOperator(task_id="%s" % ("ternary" if t else "empty"))
    EmptyOperator(task_id="e{}".format(int("12") // 5 % 3 ** 2 << 1 | 8 & ~1))
    EmptyOperator(task_id=str(round(3.14159, 2)).replace(".", "p"))
    EmptyOperator(task_id=f"{3.14159:.2f}".replace(".", "_") + f"{1000000:,}".replace(",", "") + f"{5:05d}{255:x}{0.5:.0%}".replace("%", "pc"))
    EmptyOperator(task_id=f"{'nested' + f'{1+1}'}_{[1,2][0]!r}_{{}}".replace("{}", "br"))
    EmptyOperator(task_id="ord" + str(ord("a")) + bin(5)[2:] + str(divmod(7, 2)[1]) + str(abs(-3)))
    EmptyOperator(task_id="enc" + "x".encode().hex() + bytes([65]).decode())
    EmptyOperator(task_id="cmp" + str((1, 2) < (1, 3)) + str([1] == [1]) + str("a" in "abc"))
