from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

import abc, functools
from typing import *
from dataclasses import dataclass
T = TypeVar("T")
class Singleton:
    _inst = None
    def __new__(cls, *a, **k):
        if cls._inst is None:
            cls._inst = super().__new__(cls)
        return cls._inst
class Conf(Singleton):
    def __init__(self, **kw): self.__dict__.update(kw)
    def __getattr__(self, n):
        if n.startswith("_"): raise AttributeError(n)
        return f"attr_{n}"
class Node(Generic[T]):
    count = 0
    __slots__ = ("v", "next")
    def __init__(self, v): self.v = v; self.next = None; type(self).count += 1
    def __repr__(self): return f"Node({self.v})"
    def __eq__(self, o): return isinstance(o, Node) and self.v == o.v
    def __hash__(self): return hash(self.v)
    def __lt__(self, o): return self.v < o.v
    def __rshift__(self, o): self.next = o; return o
class Lazy:
    @functools.cached_property
    def tasks(self): return [EmptyOperator(task_id="lazy")]
    @property
    def x(self): return self._x
    @x.setter
    def x(self, v): self._x = v * 2
class Mixin:
    def run(self): return ["mixin"] + super().run()
class Bse:
    def run(self): return ["base"]
class Both(Mixin, Bse): pass
class Desc:
    def __set_name__(self, owner, name): self.name = name
    def __get__(self, obj, tp=None): return f"desc_{self.name}"
class HasDesc: field = Desc()
class Reg(type): pass
def register(cls):
    REG[cls.__name__] = cls
    return cls
REG = {}
@register
class Alpha:
    def __call__(self, n): return EmptyOperator(task_id=f"alpha_{n}")
class DagFactory:
    def __init__(self, name: str, tasks: "list[str]"):
        self.name, self.tasks = name, tasks
        self.dag = DAG(dag_id=name)
    def _make(self, t): return EmptyOperator(task_id=t, dag=self.dag)
    def build(self):
        made = list(map(self._make, self.tasks))
        for a, b in zip(made[:-1], made[1:]): a.set_downstream(b)
        return self.dag
with DAG("d_classes2"):
    c = Conf(a=1); assert Conf() is c
    EmptyOperator(task_id=f"{c.a}_{c.foo}_{getattr(c, '_zz', 'none')}")
    a, b = Node(2), Node(1)
    a >> b
    EmptyOperator(task_id="n_" + "_".join(str(n.v) for n in sorted([a, b])) + f"_{Node.count}_{a == Node(2)}_{len({a, b, Node(1)})}")
    l = Lazy(); l.tasks; l.tasks; l.x = 4
    EmptyOperator(task_id=f"x{l.x}")
    EmptyOperator(task_id="_".join(Both().run()))
    EmptyOperator(task_id=HasDesc().field)
    for n, k in REG.items(): k()(n)
    EmptyOperator(task_id=type(l).__name__ + l.__class__.__name__ + Alpha.__qualname__)
    EmptyOperator(task_id="is_%s_%s" % (isinstance(b, (Node, int)), issubclass(Both, Bse)))
f1 = DagFactory("d_f1", ["a", "b", "c"]).build()
f2 = DagFactory(name="d_f2", tasks=["q"]).build()
X = type("X", (), {"tid": "dyn"})
with DAG("d_dyn"): EmptyOperator(task_id=X().tid + X.__name__)
