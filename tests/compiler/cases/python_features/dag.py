import itertools
import os.path
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from enum import Enum
from functools import partial, reduce

from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


class Stage(Enum):
    RAW = "raw"
    CLEAN = "clean"

    @property
    def short(self):
        return self.value[0]


@dataclass(frozen=True)
class Table:
    name: str
    stages: list = field(default_factory=lambda: [Stage.RAW])
    size: int = 1

    def task_id(self, stage, *, sep="_"):
        return f"{self.name}{sep}{stage.value}"


class Factory:
    made = 0

    def __init__(self, prefix):
        self.prefix = prefix

    def __call__(self, name):
        type(self).made += 1
        return EmptyOperator(task_id=f"{self.prefix}{name}")


class Loud(Factory):
    def __init__(self, prefix, **rest):
        super().__init__(prefix.upper(), **rest)


Pair = namedtuple("Pair", "left right")
TABLES = [Table("users", [*Stage]), Table(name="orders", size=2)]


def ids(*names, suffix="", **labels):
    yield from (name + suffix for name in names)
    for key, value in sorted(labels.items()):
        yield f"{key}{value:03d}"


def countdown(n):
    return [] if n == 0 else [n, *countdown(n - 1)]


def kind(value):
    match value:
        case {"type": "list", "items": [first, *rest]}:
            return f"list-{first}-{len(rest)}"
        case Table(name=name):
            return f"table-{name}"
        case [x, y] | (x, y, _):
            return f"pair-{x}{y}"
        case str() as text if text.startswith("s"):
            return f"text-{text}"
        case _:
            return "other"


with DAG("demo") as dag:
    for table in TABLES:
        for stage in table.stages:
            EmptyOperator(task_id=table.task_id(stage) + "_" + stage.short)
    for name in ids("one", "two", suffix="!"[:0], three=3):
        EmptyOperator(task_id=name)
    for (index, letter), number in zip(enumerate("ab", start=1), countdown(2), strict=True):
        EmptyOperator(task_id="%s%d-{}".format(number) % (letter, index))
    for case in ({"type": "list", "items": [1, 2]}, TABLES[0], [1, 2], "s", 7):
        EmptyOperator(task_id=kind(case))
    make = Loud("x")
    products = [make(f"{a}{b}") for a, b in itertools.product("pq", repeat=2) if a != b]
    reduce(lambda left, right: left >> right, products)
    globals()["named"] = partial(EmptyOperator, task_id="partial")()
    groups = defaultdict(list)
    for word in "kiwi plum pear".split():
        groups[word[0]].append(word)
    for letter, words in OrderedDict(sorted(groups.items())).items():
        EmptyOperator(task_id="-".join([letter, *words]))
    try:
        EmptyOperator(task_id={}["missing"])
    except KeyError as error:
        EmptyOperator(task_id=f"caught_{error.args[0]}")
    else:
        EmptyOperator(task_id="never")
    finally:
        EmptyOperator(task_id="always")
    n = 0
    while (n := n + 1) < 10:
        if n % 2:
            continue
        if n > 6:
            break
        EmptyOperator(task_id=f"while{n}")
    pair = Pair(left="l", right="r")
    EmptyOperator(task_id=f"{pair.left}{pair[1]}{Loud.made}{Factory.made}")
    EmptyOperator(task_id=os.path.splitext(os.path.basename("/etc/cfg.yaml"))[0])
    assert "cfg" in dag.task_ids, "the task is there"
