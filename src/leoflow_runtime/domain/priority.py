"""How urgent a task is among those that wait for a slot: Airflow's weight rules."""

from __future__ import annotations

from collections.abc import Sequence

from leoflow_runtime.artifact import TaskSpec


def priority_weights(
    specs: Sequence[TaskSpec], children: Sequence[Sequence[int]], parents: Sequence[Sequence[int]]
) -> list[int]:
    """The effective weight of each task: its own, plus those of all below (or above) it, each once."""
    own = [spec.priority_weight for spec in specs]
    weights = list(own)
    for rule, ahead, behind in (("downstream", children, parents), ("upstream", parents, children)):
        wanted = [spec.weight_rule == rule for spec in specs]
        if any(wanted):
            for index, weight in enumerate(_with_reachable(own, ahead, behind)):
                if wanted[index]:
                    weights[index] = weight
    return weights


def _with_reachable(
    own: Sequence[int], ahead: Sequence[Sequence[int]], behind: Sequence[Sequence[int]]
) -> list[int]:
    """Sets of tasks as bits of an integer, each freed once all that need it have it."""
    count = len(own)
    level = own[0] if count and all(weight == own[0] for weight in own) else None
    reach: dict[int, int] = {}
    needed_by = [len(behind[index]) for index in range(count)]
    missing = [len(ahead[index]) for index in range(count)]
    ready = [index for index in range(count) if not missing[index]]
    result = [0] * count
    while ready:
        index = ready.pop()
        bits = 1 << index
        for other in ahead[index]:
            bits |= reach[other]
            needed_by[other] -= 1
            if not needed_by[other]:
                del reach[other]
        result[index] = level * bits.bit_count() if level is not None else _sum(own, bits)
        if needed_by[index]:
            reach[index] = bits
        for other in behind[index]:
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    return result


def _sum(own: Sequence[int], bits: int) -> int:
    total = 0
    while bits:
        lowest = bits & -bits
        total += own[lowest.bit_length() - 1]
        bits ^= lowest
    return total
