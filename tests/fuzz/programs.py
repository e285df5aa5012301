"""DAG files as people write them, generated: statement by statement, each from one of the kinds below.

A name that later statements may use is kept with what it is (`nodes`: can stand beside `>>`; `outputs`: can
be an argument of a task). Names that a block binds are forgotten when the block does not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

RULES = ("all_done", "none_failed", "one_success", "all_success", "none_failed_min_one_success", "always")
WORDS = ("load", "clean", "daily report", "x-1", "a.b", "ünïcode"[:1] + "z", "Z9")
HEADER = '''\
"""A generated file."""
from __future__ import annotations
import itertools
import os
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
{imports}
from parts import CONFIG, FLAG, make_bash, make_task, names as shared_names

def noop(*args, **kwargs):
    return args

@task
def add(a, b=1):
    """Adds."""
    return a + b

@task(multiple_outputs=True)
def pair(x) -> dict:
    return {{"first": x, "second": x}}

@task
def split(x) -> dict[str, Any]:
    return {{"a": x}}

@task(task_id="collected", retries=2)
def gather(items, *more, **named):
    return items

@task.branch
def pick(x=None, ti=None):
    return "nothing"

@task.short_circuit(ignore_downstream_trigger_rules=False)
def proceed(x=None):
    return True

class Names:
    prefix = "n"
    def __init__(self, base):
        self.base = base
        self.count = 0
    def next(self):
        self.count += 1
        return f"{{self.prefix}}_{{self.base}}_{{self.count}}"

def ladder(ids, *more):
    before = None
    for one in ids:
        operator = EmptyOperator(task_id=one)
        if before is not None:
            before >> operator
        before = operator
        yield operator
    for _ in more:
        yield from [EmptyOperator(task_id=ids[0] + "_more")]

@contextmanager
def framed(name):
    start = EmptyOperator(task_id=name + "_start")
    try:
        with TaskGroup(name + "_group", default_args={{"retries": 9}}):
            yield start
    finally:
        EmptyOperator(task_id=name + "_end") << start

def linked(ids, factory=EmptyOperator, **options):
    made = [factory(task_id=one, **options) for one in ids]
    for before, after in zip(made, made[1:]):
        before >> after
    return made[0], made[-1]
'''
IMPORTS = (
    "from airflow.sdk import DAG, Label, TaskGroup, XComArg, chain, cross_downstream, task, task_group\n"
    "from airflow.providers.standard.operators.bash import BashOperator\n"
    "from airflow.providers.standard.operators.empty import EmptyOperator\n"
    "from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator",
    "from airflow import DAG, XComArg\n"
    "from airflow.decorators import task, task_group\n"
    "from airflow.models.baseoperator import chain, cross_downstream\n"
    "from airflow.operators.bash import BashOperator\n"
    "from airflow.operators.empty import EmptyOperator\n"
    "from airflow.operators.python import BranchPythonOperator, PythonOperator\n"
    "from airflow.utils.edgemodifier import Label\n"
    "from airflow.utils.task_group import TaskGroup",
    "from airflow.models.dag import DAG\n"
    "from airflow.sdk import Label, XComArg, chain, cross_downstream, task, task_group\n"
    "import airflow.providers.standard.operators.bash as bash\n"
    "from airflow.providers.standard.operators import empty, python\n"
    "import airflow.sdk as sdk\n"
    "BashOperator, EmptyOperator = bash.BashOperator, empty.EmptyOperator\n"
    "PythonOperator, BranchPythonOperator = python.PythonOperator, python.BranchPythonOperator\n"
    "TaskGroup = sdk.TaskGroup",
)
PARTS = """\
from airflow.sdk import task
from airflow.providers.standard.operators.bash import BashOperator

CONFIG = {"one": {"retries": 1, "after": []}, "two": {"retries": 2, "after": ["one"]}}
FLAG = len(CONFIG) > 1

def names(prefix, count):
    for number in range(count):
        yield f"{prefix}{number:02d}"

def make_bash(task_id, *, after=None, **options):
    operator = BashOperator(task_id=task_id, bash_command=f"echo {task_id}", **options)
    if after is not None:
        after >> operator
    return operator

@task
def make_task(value=0):
    return value
"""


@dataclass
class Program:
    """A file being written."""

    draw: Callable[[Any], Any]
    lines: list[str] = field(default_factory=list)
    depth: int = 1
    nodes: list[str] = field(default_factory=list)  # names that may stand beside `>>`, oldest first
    operators: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    count: int = 0

    def line(self, text: str) -> None:
        self.lines.extend("    " * self.depth + part for part in text.split("\n"))

    def fresh(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def one(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def number(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def node(self) -> str:
        return self.one(*self.nodes)

    def later(self, count: int) -> list[str]:
        """Different nodes, in the order in which they were made: so edges make no circle, mostly."""
        chosen = self.draw(
            st.lists(st.sampled_from(range(len(self.nodes))), min_size=count, max_size=count, unique=True)
        )
        return [self.nodes[index] for index in sorted(chosen)]

    def value(self) -> str:
        """An argument of a task."""
        if self.outputs and self.draw(st.integers(0, 3)):
            output = self.one(*self.outputs)
            return self.one(output, output, f"[{output}, 1]", f'{{"k": {output}}}')
        return self.one(
            "1", "'text'", "None", "[1, 2]", "{'a': (1, 2)}", "datetime(2025, 1, 1)", "'{{ ds }}'"
        )

    def keep_task(self, name: str) -> None:
        self.nodes.append(name)
        self.operators.append(name)

    def keep_output(self, name: str) -> None:
        self.nodes.append(name)
        self.outputs.append(name)


def options(program: Program) -> str:
    chosen = program.draw(
        st.lists(
            st.sampled_from(
                (
                    "retries=3",
                    "retries=0",
                    "retry_delay=timedelta(minutes=2)",
                    "retry_delay=30",
                    f'trigger_rule="{program.one(*RULES)}"',
                    'pool="small"',
                    "pool_slots=2",
                    'owner="me"',
                    "priority_weight=7",
                    'queue="fast"',
                    "depends_on_past=True",
                    'doc_md="About it"',
                    'default_args={"retries": 4, "owner": "inner"}',
                    "execution_timeout=timedelta(hours=1)",
                )
            ),
            max_size=3,
            unique_by=lambda text: text.partition("=")[0],
        )
    )
    return "".join(f", {text}" for text in chosen)


def operator(program: Program) -> None:
    name = program.fresh("t")
    task_id = program.one(f'"{name}"', f'"{name}"', f'f"{name}_{{FLAG}}"', f'"_".join(["{name}", "x"])')
    more = options(program)
    made = program.one(
        f"EmptyOperator(task_id={task_id}{more})",
        f'BashOperator(task_id={task_id}, bash_command="echo {{{{ ds }}}} " + str(FLAG){more})',
        f"PythonOperator(task_id={task_id}, python_callable=noop, op_args=[{program.value()}]{more})",
        f"PythonOperator(task_id={task_id}, python_callable=noop, op_kwargs=dict(a={program.value()}){more})",
        f"BranchPythonOperator(task_id={task_id}, python_callable=lambda: None{more})",
        f'make_bash("{name}"{more})',
        f'make_bash("{name}", after={program.node() if program.nodes else None})',
    )
    program.line(f"{name} = {made}")
    program.keep_task(name)


def taskflow(program: Program) -> None:
    name = program.fresh("v")
    value, other, more = program.value(), program.value(), options(program)
    call = program.one(
        f"add({value})",
        f"add({value}, {other})",
        f"add(a={value}, b={other})",
        f"add(*[{value}])",
        f'add(**{{"a": {value}}})',
        f'add.override(task_id="{name}"{more})({value})',
        f"gather([{value}, {other}])",
        f"gather({value}, {other}, key={value})",
        f"pick({value})",
        f"proceed({value})",
        f"make_task({value})",
        f"split({value})",
        f"task(noop)({value})",
        f'task(task_id="{name}"{more})(noop)()',
        f"partial(add, {value})()",
    )
    program.line(f"{name} = {call}")
    program.keep_output(name)


def outputs_of_pair(program: Program) -> None:
    name = program.fresh("p")
    program.line(f"{name} = pair({program.value()})")
    program.keep_output(name)
    item = program.fresh("v")
    program.line(f'{item} = add({name}["first"], b={name}["{program.one("first", "second")}"])')
    program.keep_output(item)


def local_task(program: Program) -> None:
    function, name = program.fresh("work"), program.fresh("v")
    more = options(program)
    program.line(f"@task({more[2:]})\ndef {function}(x=None, *, ds=None):\n    '''Works.'''\n    return x")
    program.line(f"{name} = {function}({program.value()})")
    program.keep_output(name)


def output_of_operator(program: Program) -> None:
    if not program.operators:
        return operator(program)
    name = program.fresh("v")
    source = program.one(*program.operators)
    program.line(f"{name} = add({program.one(f'{source}.output', f'XComArg({source})')})")
    program.keep_output(name)
    return None


def edges(program: Program) -> None:
    if len(program.nodes) < 2:
        return operator(program)
    if len(program.nodes) < 4:
        first, second = program.later(2)
        return program.line(program.one(f"{first} >> {second}", f"{second} << {first}"))
    a, b, c, d = program.later(4)
    program.line(
        program.one(
            f"{a} >> {b} >> {c} >> {d}",
            f"{a} >> [{b}, {c}] >> {d}",
            f"[{a}, {b}] >> {c}",
            f"[{a}, {b}] << {c}" if program.number(0, 9) == 0 else f"{c} << [{a}, {b}]",
            f"{d} << {c} << {a}",
            f"chain({a}, [{b}, {c}], {d})",
            f"chain([{a}, {b}], [{c}, {d}])",
            f"cross_downstream([{a}, {b}], [{c}, {d}])",
            f"{a}.set_downstream([{b}, {c}])",
            f"{d}.set_upstream({a})",
            f'{a} >> Label("then") >> {b}',
            f'{a} >> Label("both") >> [{c}, {d}]',
            f'{d} << Label("back") << {b}',
            f"{a}.set_downstream({c}, edge_modifier=Label('set'))",
            f"for one in ({a}, {b}):\n    one >> {c}",
        )
    )
    return None


def group(program: Program) -> None:
    name = program.fresh("g")
    more = program.one(
        "",
        "",
        ", prefix_group_id=False",
        ', default_args={"retries": 5, "pool": "grouped"}',
        ', tooltip="Some"',
        ", prefix_group_id=FLAG",
    )
    kept = (list(program.operators), list(program.outputs))
    program.line(f'with TaskGroup("{name}"{more}) as {name}:')
    block(program, 1, 3)
    # Inside of the group they had their say; a relation of a group to its own task is a circle.
    program.nodes = [node for node in program.nodes if node in program.outer]
    program.operators, program.outputs = kept
    program.nodes.append(name)


def group_function(program: Program) -> None:
    function = program.fresh("steps")
    decorator = program.one("@task_group", f'@task_group(group_id="{function}_id")', "@task_group()")
    returned = program.one("return end", "return None", "return end, start", "return [start, end]")
    program.line(
        f"{decorator}\ndef {function}(value, n=2):\n    '''Some steps.'''\n    start = add(value)\n"
        f"    end = start\n    for _ in range(n):\n        end = add(end)\n    {returned}"
    )
    for _ in range(program.number(1, 2)):
        name = program.fresh("r")
        override = program.one("", "", f'.override(group_id="{name}")')
        program.line(f"{name} = {function}{override}({program.value()}, {program.number(0, 2)})")
        if returned in ("return end", "return None"):
            program.nodes.append(name)
        else:
            program.line(f"{name}_a, {name}_b = {name}")
            program.nodes.extend((f"{name}_b", f"{name}_a") if returned[-5:] == "start" else ())


def loop(program: Program) -> None:
    name, last = program.fresh("l"), program.fresh("t")
    before = f"{program.node()} >> {last}" if program.nodes else "pass"
    header, task_id = program.one(
        ("for i in range(3):", f'f"{name}_{{i}}"'),
        ('for i, word in enumerate(("load", "clean")):', f'f"{name}_{{word}}_{{i}}"'),
        ("for word, settings in CONFIG.items():", f'"{name}_%s" % word'),
        ("for word in sorted(CONFIG, reverse=True):", f'"{name}_{{}}".format(word)'),
        ("for a, b in itertools.product([1, 2], 'xy'):", f'f"{name}_{{a}}{{b}}"'),
        (f"for one in shared_names('{name}_', 3):", "one"),
        ("for i in [n * n for n in range(5) if n % 2]:", f'f"{name}_{{i:03d}}"'),
        ("for i in range(10):\n    if i == 1: continue\n    if i > 3: break", f'"{name}_" + str(i)'),
    )
    kind = program.one(f"EmptyOperator(task_id={task_id})", f"make_bash({task_id})")
    link = program.one(
        "pass",
        f"{name}[-2] >> {last} if len({name}) > 1 else None",
        before,
        f"if len({name}) > 1:\n        {name}[0] >> {last}\n    else:\n        pass",
    )
    program.line(f"{name} = []\n{header}\n    {last} = {kind}\n    {name}.append({last})\n    {link}")
    program.keep_task(last)
    program.nodes.append(f"{name}[0]") if f"{name}[0] >>" not in link else None


def comprehension(program: Program) -> None:
    name = program.fresh("c")
    value = program.value()
    program.line(
        program.one(
            f"{name} = [add(i, {value}) for i in range(3)]",
            f"{name} = list(map(add, [1, 2]))",
            f'{name} = [add.override(task_id=f"{name}_{{i}}")(i) for i in (1, 2)]',
            f"{name} = [*(add(x) for x in ({value}, 2))]",
            f'{name} = [make_bash(f"{name}_{{k}}", **v) for k, v in {{"a": {{}}, "b": {{}}}}.items()]',
        )
    )
    total = program.fresh("v")
    if "make_bash" in program.lines[-1]:
        program.line(f"{total} = {name}[0]\n{name}[1] << {total}")
        program.keep_task(total)
    else:
        program.line(f"{total} = gather({name})")
        program.keep_output(total)


def mapping(program: Program) -> None:
    name = program.fresh("m")
    program.line(
        f'{name} = {{key: EmptyOperator(task_id="{name}_" + key{options(program)}) for key in CONFIG}}\n'
        f"for key, settings in CONFIG.items():\n"
        f'    for before in settings["after"]:\n'
        f"        {name}[before] >> {name}[key]"
    )
    program.nodes.append(f'{name}["one"]')


def condition(program: Program) -> None:
    test = program.one("FLAG", "not FLAG", "len(CONFIG) == 2", "(n := 3) > 2", "'one' in CONFIG and FLAG")
    taken = test != "not FLAG"
    kept = (list(program.nodes), list(program.operators), list(program.outputs))
    program.line(f"if {test}:")
    block(program, 1, 2)
    if not taken:
        program.nodes, program.operators, program.outputs = kept
        program.line("else:")
        block(program, 1, 2)


def python(program: Program) -> None:
    name = program.fresh("x")
    text = program.one(
        f'{name} = EmptyOperator(task_id=Names("{name}").next())',
        f'{name} = (lambda i: EmptyOperator(task_id=i))("{name}")',
        f'{name}, {name}_end = linked(["{name}_a", "{name}_b", "{name}_c"])',
        f'{name}, *_ = linked(["{name}_a", "{name}_b"], BashOperator, bash_command="true")',
        f'try:\n    {name} = make_bash("{name}", retries=int("2"))\nexcept ValueError:\n    raise',
        f'try:\n    CONFIG["three"]\nexcept KeyError:\n    {name} = EmptyOperator(task_id="{name}")',
        f'i = 0\nwhile i < 3:\n    i += 1\n    {name} = EmptyOperator(task_id=f"{name}_{{i}}")',
        f'match len(CONFIG):\n    case 2 as n if n:\n        {name} = make_bash(f"{name}_{{n}}")',
        f'{name} = EmptyOperator(task_id=os.environ.get("NOT_SET_{name}", "{name}"))',
        f'args = {{"retries": 1}} | {{"retries": 2}}\n{name} = EmptyOperator(task_id="{name}", **args)',
        f'def make():\n    global {name}\n    {name} = EmptyOperator(task_id="{name}")\nmake()',
        f'{name} = EmptyOperator(task_id="{name}" if FLAG else "other", dag=dag)',
        f'{name} = [*ladder(["{name}_a", "{name}_b"], noop)][-1]',
        f'{name} = next(ladder(["{name}", "{name}_never"]))',
        f'with framed("{name}") as inner:\n    {name} = make_bash("{name}_in")\n    inner >> {name}',
        f'for one, {name} in zip("ab", ladder(["{name}a", "{name}b", "{name}c"])):\n    {name}.doc_md = one',
        f'globals()["{name}"] = EmptyOperator(task_id="{name}")',
        f'{name} = [EmptyOperator(task_id=w) for w in "{name}a {name}b".split()][-1]',
    )
    program.line(text)
    program.keep_task(name)


KINDS = (
    operator,
    taskflow,
    taskflow,
    outputs_of_pair,
    local_task,
    output_of_operator,
    edges,
    edges,
    edges,
    group,
    group_function,
    loop,
    comprehension,
    mapping,
    condition,
    python,
)


def block(program: Program, low: int, high: int) -> None:
    program.depth += 1
    outer = program.outer if hasattr(program, "outer") else set()
    program.outer = set(program.nodes)  # type: ignore[attr-defined]
    kinds = KINDS if program.depth < 4 else tuple(kind for kind in KINDS if kind not in (group, condition))
    for _ in range(program.number(low, high)):
        program.one(*kinds)(program)
    program.depth -= 1
    program.outer = outer  # type: ignore[attr-defined]


@st.composite
def programs(draw: Callable[[Any], Any]) -> str:
    """The text of a `dag.py` that builds a DAG `generated`; it imports PARTS as `parts`."""
    program = Program(draw, depth=0)
    defaults = program.one(
        "",
        ", default_args={'owner': 'data', 'retries': 1}",
        ", default_args=dict(retry_delay=timedelta(minutes=1), trigger_rule='all_done')",
        ", default_args={'pool': 'shared', 'depends_on_past': True, 'start_date': datetime(2024, 1, 1)}",
        ", default_args={'b': 5, 'retries': 2}",
    )
    program.line(f'with DAG("generated", schedule=None{defaults}) as dag:')
    block(program, 2, 9)
    return HEADER.format(imports=draw(st.sampled_from(IMPORTS))) + "\n" + "\n".join(program.lines) + "\n"
