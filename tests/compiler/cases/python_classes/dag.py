from datetime import datetime, timedelta
from airflow.sdk import DAG, task, task_group, TaskGroup, chain
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.operators.empty import EmptyOperator

from dataclasses import dataclass, field, asdict, replace
from enum import Enum, auto, IntEnum, StrEnum
from typing import NamedTuple, TypedDict, Optional, ClassVar
from abc import ABC, abstractmethod
class Env(str, Enum):
    DEV = "dev"
    PROD = "prod"
    @property
    def short(self): return self.value[0]
    @classmethod
    def default(cls): return cls.DEV
    def __str__(self): return self.value
class Color(Enum):
    RED = auto()
    BLUE = auto()
class Level(IntEnum):
    LOW = 1
    HIGH = 2
class S(StrEnum):
    AB = auto()
@dataclass
class Job:
    name: str
    deps: list = field(default_factory=list)
    retries: int = 1
    full: str = field(init=False)
    KIND: ClassVar[str] = "job"
    def __post_init__(self):
        self.full = f"{self.KIND}_{self.name}"
    @property
    def task_id(self) -> str: return self.full
    def build(self): return EmptyOperator(task_id=self.task_id, retries=self.retries)
@dataclass(frozen=True, order=True)
class Key:
    a: int
    b: str = "z"
@dataclass(kw_only=True, slots=True)
class Sub(Job):
    extra: Optional[str] = None
    def __post_init__(self):
        Job.__post_init__(self)
        self.full += f"_{self.extra}"
class Pt(NamedTuple):
    x: int
    y: int = 5
    def label(self): return f"{self.x}_{self.y}"
class Cfg(TypedDict, total=False):
    name: str
    n: int
class Base(ABC):
    registry = {}
    def __init__(self, name): self.name = name
    def __init_subclass__(cls, **kw):
        super().__init_subclass__(**kw)
        Base.registry[cls.__name__] = cls
    @abstractmethod
    def ids(self): ...
    def build(self):
        return [EmptyOperator(task_id=f"{self.name}_{i}") for i in self.ids()]
    @staticmethod
    def join(a, b): a >> b
    @classmethod
    def make(cls, *a): return cls(*a)
class One(Base):
    def ids(self): return ["a", "b"]
class Two(One):
    def ids(self): return super().ids() + ["c"]
with DAG("classes"):
    jobs = [Job("a"), Job("b", deps=["a"]), Sub(name="c", deps=["a", "b"], extra="e")]
    made = {j.name: j.build() for j in jobs}
    for j in jobs:
        for d in j.deps:
            made[d] >> made[j.name]
    for e in Env:
        EmptyOperator(task_id=f"env_{e.value}_{e.name}_{e.short}_{e}")
    EmptyOperator(task_id=f"{Env('dev').name}_{Env['PROD'].value}_{Env.default().value}")
    for c in Color:
        EmptyOperator(task_id=f"{c.name}_{c.value}".lower())
    EmptyOperator(task_id=f"lv_{Level.HIGH}_{Level.LOW + 1}_{S.AB}_{Color(1).name}")
    EmptyOperator(task_id="members_" + "_".join(Color.__members__))
    k = sorted([Key(2), Key(1, "b"), Key(1)])
    EmptyOperator(task_id="_".join(f"{x.a}{x.b}" for x in k))
    EmptyOperator(task_id="{a}_{b}".format(**asdict(replace(k[0], b="q"))))
    p = Pt(1)
    EmptyOperator(task_id=f"{p.label()}_{p._replace(y=9).y}_{'_'.join(Pt._fields)}")
    cfg: Cfg = Cfg(name="zz", n=3)
    EmptyOperator(task_id=f"{cfg['name']}_{cfg.get('n')}")
    for c in (One, Two):
        Base.join(*c.make(c.__name__).build()[:2])
    EmptyOperator(task_id="reg_" + "_".join(sorted(Base.registry)))
