"""Compares compiled files with Airflow's answers.

A file is *exact* when it has the same DAGs, with the same task ids and the same upstream sets; *wrong* when
any of these differs, which is the worst outcome; *declined* when the compiler says that it cannot know.
Other fields are compared on their own, in exact files, unless the answer itself differs between imports.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DAG_FIELDS = ("catchup", "tags", "max_active_runs", "start_date", "timetable", "description")
TASK_FIELDS = (
    *(
        "operator",
        "is_mapped",
        "trigger_rule",
        "retries",
        "retry_delay",
        "pool",
        "queue",
        "execution_timeout",
    ),
    *("depends_on_past", "is_setup", "is_teardown", "task_group"),
)
Result = Literal["exact", "wrong", "declined", "missing"]
RESULTS: tuple[Result, ...] = ("exact", "wrong", "declined", "missing")
_Shape = dict[str, dict[str, frozenset[str]]]
_MAX_TEXT = 80  # longer texts of others are kept as what tells them apart


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file: `why` says what is wrong or declined, `fields` which other fields differ."""

    file: str
    source: str
    knowable: str
    result: Result
    why: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Score:
    rows: list[Row] = field(default_factory=list)
    same: Counter[str] = field(default_factory=Counter)
    differs: Counter[str] = field(default_factory=Counter)

    def count(self, result: Result) -> int:
        return sum(row.result == result for row in self.rows)

    def files(self, result: Result) -> list[str]:
        return [row.file for row in self.rows if row.result == result]


def score(answers: Mapping[str, Any], compiled: Mapping[str, Any]) -> Score:
    """Scores every file of the answers that Airflow itself could import."""
    found = Score()
    for answer in answered(answers):
        key = f"{answer['root']}/{answer['path']}"
        result, why = _result(answer, compiled.get(key))
        fields: list[str] = []
        if result == "exact":
            for name, same, difference in _fields(answer, compiled[key]["dags"], answers["task_defaults"]):
                (found.same if same else found.differs)[name] += 1
                fields += [] if same else [difference]
        source = answer["source"].partition("==")[0].partition("@")[0]
        row = Row(
            file=key,
            source=source,
            knowable=answer.get("knowable") or "?",
            result=result,
            why=tuple(why),
            fields=tuple(fields),
        )
        found.rows.append(row)
    return found


def answered(answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The files that Airflow could import."""
    return (file for file in answers["files"] if file.get("status", "ok") == "ok")


def _result(answer: Mapping[str, Any], compiled: Mapping[str, Any] | None) -> tuple[Result, list[str]]:
    if compiled is None:
        return "missing", []
    if "dags" not in compiled:
        return "declined", [f"{compiled['code']} line {compiled['line']}: {compiled['error']}"]
    differences = list(_differences(_shape(answer["dags"]), _shape(compiled["dags"])))
    return ("wrong" if differences else "exact"), differences


def _shape(dags: Iterable[Mapping[str, Any]]) -> _Shape:
    return {
        dag["dag_id"]: {task["id"]: frozenset(task.get("upstream") or ()) for task in dag["tasks"]}
        for dag in dags
    }


def _differences(wanted: _Shape, got: _Shape) -> Iterator[str]:
    yield from (f"DAG {dag!r} is absent" for dag in sorted(wanted.keys() - got.keys()))
    yield from (f"DAG {dag!r} is invented" for dag in sorted(got.keys() - wanted.keys()))
    for dag in sorted(wanted.keys() & got.keys()):
        want, have = wanted[dag], got[dag]
        yield from (f"{dag}: task {task!r} is absent" for task in sorted(want.keys() - have.keys()))
        yield from (f"{dag}: task {task!r} is invented" for task in sorted(have.keys() - want.keys()))
        for task in sorted(want.keys() & have.keys()):
            if want[task] != have[task]:
                both = f"Airflow {sorted(want[task])}, compiled {sorted(have[task])}"
                yield f"{dag}: upstream of {task!r}: {both}"


def _fields(
    answer: Mapping[str, Any], dags: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any]
) -> Iterator[tuple[str, bool, str]]:
    volatile = frozenset(answer.get("volatile", ()))
    got = {dag["dag_id"]: dag for dag in dags}
    for dag in answer["dags"]:
        dag_id = dag["dag_id"]
        for name in DAG_FIELDS:
            if f"{dag_id}:{name}" not in volatile:
                yield _compared(f"dag.{name}", dag_id, dag.get(name), got[dag_id][name])
        tasks = {task["id"]: task for task in got[dag_id]["tasks"]}
        for task in dag["tasks"]:
            for name in TASK_FIELDS:
                if f"{dag_id}:tasks.{name}" not in volatile:
                    wanted = task.get(name, defaults.get(name))
                    yield _compared(name, f"{dag_id}: {task['id']}", wanted, tasks[task["id"]][name])


def _compared(name: str, owner: str, wanted: Any, got: Any) -> tuple[str, bool, str]:
    same = _agree(_normal(name, wanted), _normal(name, got))
    return name, same, f"{owner}.{name.removeprefix('dag.')}: Airflow {wanted!r}, compiled {got!r}"


def _agree(wanted: Any, got: Any) -> bool:
    """Equality, except where the answers could not write a value down (`$opaque`)."""
    if isinstance(wanted, dict) and "$opaque" in wanted:
        return True
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(_agree(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_agree, wanted, got))
    return bool(wanted == got)


def _normal(name: str, value: Any) -> Any:
    if isinstance(value, str) and (len(value) > _MAX_TEXT or "\n" in value):
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        value = {"$sha256": digest[:16], "len": len(value)}
    if isinstance(value, dict) and "$timedelta" in value:
        return value["$timedelta"]
    if name == "operator" and isinstance(value, str):
        return value.rpartition(".")[2]
    return sorted(value or []) if name == "dag.tags" else value


def table(found: Score, *, misses: int) -> Iterator[str]:
    """Lines for people: totals, by what the structure depends on, source and field; and what is not exact."""
    total = len(found.rows) or 1
    counts = (f"{name} {found.count(name)} ({100 * found.count(name) / total:.1f}%)" for name in RESULTS)
    yield f"{len(found.rows)} files: {', '.join(counts)}"
    for title, group in (("knowable", "knowable"), ("source", "source")):
        by: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in found.rows:
            by[getattr(row, group)][row.result] += 1
        for name, counter in sorted(by.items()):
            yield f"  {title} {name:<44} " + " ".join(f"{result}={counter[result]}" for result in RESULTS)
    for name in sorted({*found.same, *found.differs}):
        yield f"  field {name:<22} same {found.same[name]}, differs {found.differs[name]}"
    bad = sorted(
        (row for row in found.rows if row.result != "exact"), key=lambda row: RESULTS.index(row.result)
    )
    for row in bad[:misses]:
        yield f"{row.result.upper():8} {row.file}"
        yield from (f"         {line}" for line in row.why[:6])
    for row in found.rows:
        yield from (f"FIELD    {row.file}: {line}" for line in row.fields[:6])
