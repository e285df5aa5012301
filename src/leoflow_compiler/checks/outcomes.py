"""How the tasks of a DAG can end, whatever happens: the trigger rules over all that is possible.

A task that runs may succeed, fail or skip itself. Outcomes of different tasks are taken to be independent but
for branches, so that more is held possible than really is: what cannot happen here cannot happen at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product

from leoflow_runtime.domain.states import TaskState
from leoflow_runtime.domain.trigger_rules import Decision, Tally, decide

MAX_SCENARIOS = 512
State = TaskState
_RAN = frozenset({State.SUCCESS, State.FAILED, State.SKIPPED})
_NOT_RUN = {
    Decision.SKIP: frozenset({State.SKIPPED}),
    Decision.UPSTREAM_FAIL: frozenset({State.UPSTREAM_FAILED}),
}

# For a branch: what it follows, one entry for each choice. Each entry names what it skips.
Branches = Mapping[str, Sequence[frozenset[str]]]


def that_can_run(
    order: Sequence[str], upstream: Mapping[str, Sequence[str]], rules: Mapping[str, str], branches: Branches
) -> frozenset[str] | None:
    """The tasks that run in some run; None where there are too many ways to look at.

    `order` is topological. `branches` says for a branch whose choices are known what each of them skips.
    """
    count = 1
    for skips in branches.values():
        count *= len(skips) + 1
    if count > MAX_SCENARIOS:
        return None
    found: set[str] = set()
    for chosen in product(*([None, *skips] for skips in branches.values())):
        found |= _run_in(order, upstream, rules, dict(zip(branches, chosen, strict=True)))
    return frozenset(found)


def _run_in(
    order: Sequence[str],
    upstream: Mapping[str, Sequence[str]],
    rules: Mapping[str, str],
    chosen: Mapping[str, frozenset[str] | None],
) -> set[str]:
    """The tasks that can run where each branch makes this choice; None: it does not succeed."""
    ends: dict[str, frozenset[State]] = {}
    skipped: set[str] = set()
    ran: set[str] = set()
    for task in order:
        if task in skipped:
            ends[task] = _NOT_RUN[Decision.SKIP]
            continue
        possible = {State.SKIPPED}  # whatever its rule says, something else may skip it
        for decision in _decisions(rules[task], _counted([ends[one] for one in upstream[task]])):
            if decision is not Decision.RUN:
                possible |= _NOT_RUN[decision]
            elif task not in chosen:
                possible |= _RAN
            elif chosen[task] is None:
                possible |= {State.FAILED, State.SKIPPED}
            else:
                possible.add(State.SUCCESS)
            if decision is Decision.RUN:
                ran.add(task)
        if State.SUCCESS in possible and task in chosen:
            skipped |= chosen[task] or frozenset()
        ends[task] = frozenset(possible)
    return ran


def _counted(ends: Sequence[frozenset[State]]) -> frozenset[tuple[frozenset[State], int]]:
    if len(ends) < 2:  # most tasks
        return frozenset((states, 1) for states in ends)
    return frozenset((states, min(count, len(states))) for states, count in Counter(ends).items())


@lru_cache(maxsize=4096)
def _decisions(rule: str, upstream: frozenset[tuple[frozenset[State], int]]) -> tuple[Decision, ...]:
    """What a rule can decide; `upstream`: how many tasks there are that can end in these ways.

    It depends on which ends there are, not on how often: so many as there are ways are enough.
    """
    found: dict[Decision, None] = {}
    for states in _combinations(states for states, count in upstream for _ in range(count)):
        tally = Tally()
        for state in states:
            tally.count(state)
        decision = decide(rule, tally, len(states))
        if decision is not Decision.WAIT:
            found[decision] = None
    return tuple(found)


def _combinations(upstream: Iterable[frozenset[State]]) -> set[frozenset[State]]:
    found: set[frozenset[State]] = {frozenset()}
    for states in upstream:
        found = {one | {state} for one in found for state in states}
    return found
