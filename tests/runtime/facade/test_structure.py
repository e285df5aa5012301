"""The graph that a file builds: Airflow's rules, case by case. Expected: task id to upstream ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from .building import build_dag, edges

HEADER = """
from airflow.sdk import (
    DAG, BaseOperator, Label, Param, TaskGroup, XComArg, chain, chain_linear, cross_downstream, dag, task,
    task_group,
)
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

def E(name, **kwargs):
    return EmptyOperator(task_id=name, **kwargs)

@task
def f(*args, **kwargs):
    return 1
"""


def in_dag(body: str) -> str:
    return HEADER + "with DAG('d') as d:\n" + "\n".join(f"    {line}" for line in body.strip().split("\n"))


GRAPHS = {
    "an operator follows another": ("E('a') >> E('b')", {"a": [], "b": ["a"]}),
    "and precedes it": ("E('a') << E('b')", {"a": ["b"], "b": []}),
    "a chain of shifts": ("E('a') >> E('b') >> E('c')", {"a": [], "b": ["a"], "c": ["b"]}),
    "lists on either side": (
        "[E('a'), E('b')] >> E('c') >> [E('x'), E('y')]",
        {"a": [], "b": [], "c": ["a", "b"], "x": ["c"], "y": ["c"]},
    ),
    "lists on either side of <<": (
        "[E('a'), E('b')] << E('c') << [E('x'), E('y')]",
        {"a": ["c"], "b": ["c"], "c": ["x", "y"], "x": [], "y": []},
    ),
    "methods": (
        "a, b = E('a'), E('b')\na.set_upstream([b])\nE('c').set_downstream([a, b])",
        {"a": ["b", "c"], "b": ["c"], "c": []},
    ),
    "outputs as arguments": ("f(f(), k=f())", {"f": [], "f__1": [], "f__2": ["f", "f__1"]}),
    "outputs deep inside arguments": (
        "f([1, (f(), {'k': [f()['x']]})])",
        {"f": [], "f__1": [], "f__2": ["f", "f__1"]},
    ),
    "an output in a text makes no edge": (
        "BashOperator(task_id='b', bash_command=f'echo {f()}')",
        {"b": [], "f": []},
    ),
    "an operator's output": ("f(E('a').output)", {"a": [], "f": ["a"]}),
    "an output in a template field": (
        "BashOperator(task_id='b', bash_command='x', env={'K': f()})",
        {"b": ["f"], "f": []},
    ),
    "a template field set later": (
        "b = BashOperator(task_id='b', bash_command='x')\nb.env = {'K': f()}",
        {"b": ["f"], "f": []},
    ),
    "outputs are shifted like tasks": (
        "a, b = f(), f()\na >> b\n[a, b] >> E('c')",
        {"f": [], "f__1": ["f"], "c": ["f", "f__1"]},
    ),
    "map and reduce by a list": (
        "f([f(i) for i in range(3)])",
        {"f": [], "f__1": [], "f__2": [], "f__3": ["f", "f__1", "f__2"]},
    ),
    "overriding a task's id": ("f.override(task_id='g')(f())", {"f": [], "g": ["f"]}),
    "suffixes count on from the largest": (
        "f.override(task_id='f__7')()\nf()\nf()",
        {"f__7": [], "f": [], "f__8": []},
    ),
    "a group prefixes": (
        "with TaskGroup('g'):\n    E('a') >> E('b')",
        {"g.a": [], "g.b": ["g.a"]},
    ),
    "a group need not prefix": (
        "with TaskGroup('g', prefix_group_id=False):\n    E('a')\n    with TaskGroup('h'):\n        E('b')",
        {"a": [], "h.b": []},
    ),
    "groups nest": (
        "with TaskGroup('g'):\n    with TaskGroup('h'):\n        f()\n        f()\n    f()",
        {"g.h.f": [], "g.h.f__1": [], "g.f": []},
    ),
    "edges of a group are those of its first and last tasks": (
        "with TaskGroup('g') as g:\n    E('a') >> [E('b'), E('c')]\n    E('d')\nE('x') >> g >> E('y')",
        {
            "g.a": ["x"],
            "g.b": ["g.a"],
            "g.c": ["g.a"],
            "g.d": ["x"],
            "x": [],
            "y": ["g.b", "g.c", "g.d"],
        },
    ),
    "group to group": (
        "with TaskGroup('g') as g:\n    E('a')\n    E('b')\n"
        "with TaskGroup('h') as h:\n    E('c')\n    E('d')\ng >> h",
        {"g.a": [], "g.b": [], "h.c": ["g.a", "g.b"], "h.d": ["g.a", "g.b"]},
    ),
    "a list of groups": (
        "with TaskGroup('g') as g:\n    E('a')\n"
        "with TaskGroup('h') as h:\n    E('b')\nE('s') >> [g, h] >> E('e')",
        {"g.a": ["s"], "h.b": ["s"], "s": [], "e": ["g.a", "h.b"]},
    ),
    "an empty group passes on what is before it": (
        "with TaskGroup('g') as g:\n    pass\nE('a') >> g >> E('b')",
        {"a": [], "b": ["a"]},
    ),
    "a task outside, made inside": (
        "with TaskGroup('g') as g:\n    E('a')\nE('b', task_group=g)",
        {"g.a": [], "g.b": []},
    ),
    "a decorated group returns what its function returns": (
        "@task_group\ndef g():\n    return f(f())\ng() >> E('e')\ng()",
        {"g.f": [], "g.f__1": ["g.f"], "e": ["g.f__1"], "g__1.f": [], "g__1.f__1": ["g__1.f"]},
    ),
    "a decorated group without a result stands for itself": (
        "@task_group(group_id='h')\ndef g(x):\n    f(x)\n    f()\nE('s') >> g(f()) >> E('e')",
        {"f": [], "h.f": ["f", "s"], "h.f__1": ["s"], "s": [], "e": ["h.f", "h.f__1"]},
    ),
    "chain pairs lists of one length": (
        "chain(E('a'), [E('b'), E('c')], [E('x'), E('y')], E('z'))",
        {"a": [], "b": ["a"], "c": ["a"], "x": ["b"], "y": ["c"], "z": ["x", "y"]},
    ),
    "chain takes outputs, groups and labels": (
        "with TaskGroup('g') as g:\n    E('a')\nchain(f(), Label('l'), g, E('e'))",
        {"f": [], "g.a": ["f"], "e": ["g.a"]},
    ),
    "chain_linear joins all with all": (
        "chain_linear(E('a'), [E('b'), E('c')], [E('x'), E('y')])",
        {"a": [], "b": ["a"], "c": ["a"], "x": ["b", "c"], "y": ["b", "c"]},
    ),
    "cross_downstream": (
        "cross_downstream([E('a'), E('b')], [E('x'), E('y')])",
        {"a": [], "b": [], "x": ["a", "b"], "y": ["a", "b"]},
    ),
    "a label makes the edge it stands on": (
        "E('a') >> Label('yes') >> [E('b'), E('c')]",
        {"a": [], "b": ["a"], "c": ["a"]},
    ),
    "a label between groups joins the groups": (
        "with TaskGroup('g'):\n    a = E('a')\n    E('b')\na >> Label('l') >> E('c')",
        {"g.a": [], "g.b": [], "c": ["g.a", "g.b"]},
    ),
    "a mapped task is one task after what it is mapped over": (
        "@task\ndef g(x, y=0): pass\ng(g.partial(y=f()).expand(x=f()))\n"
        "BashOperator.partial(task_id='b').expand_kwargs([{'bash_command': f()}])",
        {"f": [], "f__1": [], "g": ["f", "f__1"], "g__1": ["g"], "f__2": [], "b": ["f__2"]},
    ),
    "outputs of outputs bring their tasks": (
        "a, b = f(), f()\nf(a.map(str).zip(b, fillvalue=0).concat([1]))\na.map(str) >> E('e')",
        {"f": [], "f__1": [], "f__2": ["f", "f__1"], "e": ["f"]},
    ),
    "a mapped group starts after what it is mapped over": (
        "@task_group\ndef g(x):\n    f(x) >> E('a')\n    E('b')\ng.expand(x=f()) >> E('e')",
        {"f": [], "g.f": ["f"], "g.a": ["g.f"], "g.b": ["f"], "e": ["g.a", "g.b"]},
    ),
    "a teardown does not hold up what comes after its group": (
        "with TaskGroup('g') as g:\n    s = E('s').as_setup()\n"
        "    s >> E('w') >> E('t').as_teardown(setups=s)\ng >> E('e')",
        {"g.s": [], "g.w": ["g.s"], "g.t": ["g.s", "g.w"], "e": ["g.w"]},
    ),
    "a scope puts its work between setup and teardown": (
        "from airflow.sdk import setup, teardown\n@setup\ndef s(): pass\n@teardown\ndef t(): pass\n"
        "with s() >> t():\n    E('a') >> E('b')\n    E('c')",
        {"s": [], "t": ["b", "c", "s"], "a": ["s"], "b": ["a"], "c": ["s"]},
    ),
    "scopes nest": (
        "with E('s').as_setup():\n    f()\n    with E('t').as_setup():\n        E('a')",
        {"s": [], "f": ["s"], "t": ["s"], "a": ["t"]},
    ),
    "decorators of the standard provider": (
        "@task.bash(env={'A': 'b'})\ndef c(n): pass\n@task.virtualenv(requirements=['x'])\ndef v(n): pass\n"
        "@task.external_python(python='/p')\ndef e(): pass\n@task.sensor(mode='reschedule')\ndef s(n): pass\n"
        "@task.branch_virtualenv\ndef b(): pass\n@task.branch_external_python(python=f())\ndef x(): pass\n"
        "@d.task(task_id='m')\ndef of_dag(): pass\n"
        "@task.run_if(lambda context: True)\n@task.skip_if(print)\n@task\ndef maybe(): pass\n"
        "c(e()) >> s(v(1)) >> b() >> [x(), of_dag(), maybe()]",
        {
            "e": [],
            "c": ["e"],
            "v": [],
            "s": ["c", "v"],
            "b": ["s"],
            "f": [],
            "x": ["b", "f"],
            "m": ["b"],
            "maybe": ["b"],
        },
    ),
    "sensors and operators of the standard provider": (
        "from airflow.providers.standard.operators.latest_only import LatestOnlyOperator\n"
        "from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator\n"
        "from airflow.providers.standard.sensors.external_task import ExternalTaskSensor\n"
        "from airflow.providers.standard.sensors.filesystem import FileSensor\n"
        "from airflow.sdk import BaseSensorOperator\n"
        "class Waits(BaseSensorOperator):\n    template_fields = ('what',)\n"
        "    def __init__(self, *, what, **kwargs):\n        super().__init__(**kwargs)\n"
        "        self.what = what\n"
        "LatestOnlyOperator(task_id='l') >> FileSensor(task_id='s', filepath=f()) "
        ">> Waits(task_id='w', what=f())\n"
        "ExternalTaskSensor(task_id='x', external_dag_id='o') << "
        "TriggerDagRunOperator(task_id='r', trigger_dag_id='o', conf={'k': f()})",
        {
            "l": [],
            "f": [],
            "s": ["f", "l"],
            "f__1": [],
            "w": ["f__1", "s"],
            "f__2": [],
            "r": ["f__2"],
            "x": ["r"],
        },
    ),
    "what is declared beside the graph": (
        "from datetime import timedelta\n"
        "from airflow.sdk import Asset, AssetAlias, AsyncCallback, BaseNotifier, DeadlineAlert\n"
        "from airflow.sdk import DeadlineReference\n"
        "class Tell(BaseNotifier):\n    def notify(self, context): pass\n"
        "async def late(): pass\n"
        "DAG('o', schedule=Asset('a') & (Asset('b') | AssetAlias('c')), on_failure_callback=Tell(),\n"
        "    deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(1), AsyncCallback(late)))\n"
        "E('a', on_failure_callback=[Tell()], outlets=[Asset('a')], pre_execute=print) >> E('b')",
        {"a": [], "b": ["a"]},
    ),
    "default_args fill in arguments of functions": (
        "@task(default_args={'n': 1})\ndef t(n): pass\nt()",
        {"t": []},
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs(name: str, tmp_path: Path) -> None:
    body, expected = GRAPHS[name]

    assert edges(in_dag(body), tmp_path) == dict(sorted(expected.items()))


REFUSED = {
    "a task id twice": ("E('a')\nE('a')", "Task id 'a' has already been added to the Dag"),
    "a group id twice": (
        "TaskGroup('g')\nTaskGroup('g')",
        "group_id 'g' has already been added to the DAG",
    ),
    "a task with the id of a group": ("TaskGroup('g')\nE('g')", "Task id 'g' has already been added to the"),
    "an unknown argument": ("E('a', retrys=3)", "retrys"),
    "a missing argument": ("BashOperator(task_id='a')", "missing keyword argument 'bash_command'"),
    "positional arguments": ("EmptyOperator('a')", "Use keyword arguments when initializing operators"),
    "a bad trigger rule": ("E('a', trigger_rule='sometimes')", "The trigger_rule must be one of"),
    "a bad task id": ("E('a b')", "has to be made of alphanumeric characters"),
    "a bad group id": ("TaskGroup('a.b')", "has to be made of alphanumeric characters"),
    "too few arguments": ("@task\ndef t(x): pass\nt()", "missing a required argument: 'x'"),
    "too many arguments": ("@task\ndef t(x): pass\nt(1, 2)", "too many positional arguments"),
    "an argument nobody takes": ("@task\ndef t(x): pass\nt(1, y=2)", "unexpected keyword argument 'y'"),
    "an argument twice": ("@task\ndef t(x): pass\nt(1, x=2)", "multiple values for argument 'x'"),
    "a default for a name of the context": (
        "@task\ndef t(ds='x'): pass\nt()",
        "Context key parameter ds can't have a default other than None",
    ),
    "a method": ("class C:\n    @task\n    def t(self): pass", "@task does not support methods"),
    "an output that is iterated": ("for x in f(): pass", "'XComArg' object is not iterable"),
    "an output indexed by number": ("f()[0]", "XComArg only supports str lookup"),
    "lists of different length in a chain": (
        "chain([E('a')], [E('b'), E('c')])",
        "Chain not supported for different length Iterable. Got 1 and 2.",
    ),
    "two lists shifted": ("[E('a')] >> [E('b')]", "unsupported operand type(s) for >>"),
    "a shift onto something else": ("E('a') >> 3", "Relationships can only be set between Operators"),
    "two DAGs": ("other = DAG('o')\nE('a') >> E('b', dag=other)", "tasks in more than one Dag"),
    "an unknown argument of the DAG": ("DAG('x', shedule='@daily')", "shedule"),
    # Later parts of the dialect: refused by name.
    "mapping over nothing": ("f.expand()", "no arguments to expand against"),
    "mapping over a text": (
        "@task\ndef t(x): pass\nt.expand(x='ab')",
        "t.expand() got an unexpected type 'str' for keyword argument x",
    ),
    "mapping an argument nobody takes": (
        "BashOperator.partial(task_id='x').expand(command=['a'])",
        "BashOperator.expand() got an unexpected keyword argument 'command'",
    ),
    "mapping an argument given already": (
        "BashOperator.partial(task_id='x', cwd='/').expand(cwd=['a'])",
        "unmappable or already specified argument: cwd",
    ),
    "mapping over a key of an output": (
        "BashOperator.partial(task_id='x').expand(cwd=f()['k'])",
        "cannot map over XCom with custom key 'k'",
    ),
    "a setup that tears down": ("E('a').as_setup().as_teardown()", "task is already a setup"),
    "a scope of neither": (
        "with E('a'):\n    pass",
        "Only setup/teardown tasks can be used as context managers",
    ),
    "an asset without a name": ("from airflow.sdk import Asset\nAsset()", "requires either 'name' or 'uri'"),
    "a deadline that calls something else": (
        "from airflow.sdk import DeadlineAlert\nDeadlineAlert(1, 2, print)",
        "Callbacks of type builtin_function_or_method are not currently supported",
    ),
    "a sensor that can fail in two ways": (
        "from airflow.providers.standard.sensors.filesystem import FileSensor\n"
        "FileSensor(task_id='s', filepath='x', soft_fail=True, never_fail=True)",
        "soft_fail and never_fail are mutually exclusive",
    ),
    "a condition on something else": ("task.run_if(print)(print)", "run_if and skip_if stand above @task"),
    # For the other engine: refused by name.
    "decorators of other providers": ("@task.docker\ndef t(): pass", "@task.docker is not supported"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str, tmp_path: Path) -> None:
    body, message = REFUSED[name]

    with pytest.raises((Exception,)) as caught:
        edges(in_dag(body), tmp_path)

    assert message in str(caught.value)


def test_default_args_of_dag_group_and_task_are_merged_in_that_order(tmp_path: Path) -> None:
    source = HEADER + (
        "with DAG('d', default_args={'retries': 1, 'owner': 'dag', 'pool': 'p'}):\n"
        "    with TaskGroup('g', default_args={'retries': 2, 'owner': 'group'}):\n"
        "        with TaskGroup('h', default_args={'retries': 3}):\n"
        "            E('a', retries=9)\n"
        "            E('b', default_args={'retries': 4})\n"
        "            E('c')\n"
    )

    dag = build_dag(source, tmp_path)

    seen = {task.task_id: (task.retries, task.owner, task.pool) for task in dag.tasks}
    assert seen == {
        "g.h.a": (9, "group", "p"),
        "g.h.b": (4, "group", "p"),
        "g.h.c": (3, "group", "p"),
    }


def test_an_operators_own_parameters_come_from_default_args_too(tmp_path: Path) -> None:
    source = HEADER + (
        "class Mine(BashOperator):\n"
        "    def __init__(self, *, who, **kwargs):\n"
        "        super().__init__(bash_command=f'echo {who}', **kwargs)\n"
        "with DAG('d', default_args={'who': 'me', 'cwd': '/tmp'}):\n"
        "    Mine(task_id='a')\n"
    )

    (task,) = build_dag(source, tmp_path).tasks

    assert (task.bash_command, task.cwd) == ("echo me", "/tmp")


def test_labels_are_kept_on_their_edges(tmp_path: Path) -> None:
    dag = build_dag(in_dag("E('a') >> Label('yes') >> E('b')\nE('c') << Label('no') << E('a2')"), tmp_path)

    assert dag.edge_info == {"a": {"b": {"label": "yes"}}, "a2": {"c": {"label": "no"}}}


def test_a_functions_docstring_documents_its_task(tmp_path: Path) -> None:
    (task,) = build_dag(in_dag("@task\ndef t():\n    'What it does.'\nt()"), tmp_path).tasks

    assert task.doc_md == "What it does."


@pytest.mark.parametrize(
    ("annotation", "multiple"),
    [
        ("dict", True),
        ("dict[str, int]", True),
        ("'dict[str, int]'", True),
        ("list", False),
        ("'Later'", False),
    ],
)
def test_several_outputs_are_inferred_from_the_return_type(
    annotation: str, multiple: bool, tmp_path: Path
) -> None:
    (task,) = build_dag(in_dag(f"@task\ndef t() -> {annotation}: pass\nt()"), tmp_path).tasks

    assert task.multiple_outputs is multiple


@pytest.mark.parametrize(
    "source",
    [
        "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\nwith DAG('d'):\n"
        "    EmptyOperator(task_id='a')",
        "from airflow.models import DAG\nfrom airflow.models.dag import DAG\n"
        "from airflow.operators.dummy import DummyOperator\nx = DAG('d')\nDummyOperator(task_id='a', dag=x)",
        "from airflow.decorators import dag, task\n@dag(dag_id='d')\ndef x():\n    @task\n    def a(): pass\n"
        "    a()\nx()",
        "from airflow.sdk import dag, task\n@dag\ndef d():\n    @task()\n    def a(): pass\n"
        "    a()\nkept = d()",
        "from leoflow import DAG, task\nwith DAG('d'):\n    @task(task_id='a')\n    def b(): pass\n    b()",
        "from airflow.sdk import DAG\nfrom airflow.operators.bash import BashOperator\nx = DAG('d')\n"
        "with x:\n    BashOperator(task_id='a', bash_command='x')\nwith DAG('other'):\n    pass",
    ],
)
def test_ways_to_a_dag(source: str, tmp_path: Path) -> None:
    assert edges(source, tmp_path) == {"a": []}


def test_every_import_path_of_the_dialect_leads_to_the_same_things() -> None:
    from importlib import import_module

    pairs = """
    airflow.sdk:Asset airflow.assets:Asset
    airflow.sdk:BaseOperator airflow.providers.common.compat.sdk:BaseOperator
    airflow.sdk:TriggerRule airflow.sdk.api.datamodels._generated:TriggerRule
    airflow.task.trigger_rule:TriggerRule airflow.utils.trigger_rule:TriggerRule
    airflow.sdk:TaskGroup airflow.utils.task_group:TaskGroup
    airflow.sdk:Label airflow.utils.edgemodifier:Label
    airflow.sdk:BaseSensorOperator airflow.sensors.base:BaseSensorOperator
    airflow.providers.standard.sensors.time:TimeSensor airflow.sensors.time_sensor:TimeSensor
    airflow.sdk:CronTriggerTimetable airflow.timetables.trigger:CronTriggerTimetable
    airflow.sdk:BaseNotifier airflow.notifications.basenotifier:BaseNotifier
    airflow.sdk:chain airflow.models.baseoperator:chain
    airflow.sdk:BaseHook airflow.hooks.base:BaseHook
    airflow.sdk:Variable airflow.models:Variable
    airflow.sdk:Param airflow.models.param:Param
    airflow.sdk:Connection airflow.models.connection:Connection
    airflow.sdk:XComArg airflow:XComArg
    airflow.sdk:task airflow.decorators:task
    airflow.sdk.exceptions:AirflowSkipException airflow.exceptions:AirflowSkipException
    airflow.sdk.timezone:utcnow airflow.utils.timezone:utcnow
    airflow.sdk:get_current_context airflow.operators.python:get_current_context
    """
    for line in pairs.split("\n"):
        if line.strip():
            new, old = (name.split(":") for name in line.split())
            assert getattr(import_module(new[0]), new[1]) is getattr(import_module(old[0]), old[1]), line


def test_rules_of_older_paths_are_written_by_their_value(tmp_path: Path) -> None:
    source = in_dag(
        "from airflow.sdk import TriggerRule as New\n"
        "from airflow.utils.trigger_rule import TriggerRule as Old\n"
        "E(str(New.ALL_DONE), trigger_rule=New.ALL_DONE)\n"
        "E(str(Old.ALL_DONE), trigger_rule=Old.ALL_DONE)\n"
        "E('text', trigger_rule='all_done')"
    )

    tasks = build_dag(source, tmp_path).tasks

    assert [task.task_id for task in tasks] == ["TriggerRule.ALL_DONE", "all_done", "text"]
    assert {task.trigger_rule for task in tasks} == {"all_done"}


def test_every_name_of_the_sdk_can_be_imported() -> None:
    from airflow import sdk

    for name in sdk.__all__:
        assert getattr(sdk, name) is not None
