"""itertools: what never ends counts its steps, what multiplies is measured first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Opaque, Value


def register(models: Models) -> None:
    models.pure("itertools", itertools.chain, itertools.product, itertools.permutations)
    models.pure("itertools", itertools.combinations, itertools.combinations_with_replacement)
    models.pure("itertools", itertools.groupby, itertools.islice, itertools.takewhile, itertools.dropwhile)
    models.pure("itertools", itertools.accumulate, itertools.starmap, itertools.zip_longest)
    models.pure("itertools", itertools.pairwise, itertools.filterfalse, itertools.compress, itertools.tee)
    models.pure_types.update((type(itertools.repeat(0)), type(itertools.tee(())[0])))
    models.calls["itertools.count"] = _count
    models.calls["itertools.cycle"] = _cycle
    models.calls["itertools.repeat"] = _repeat
    models.guards[itertools.product] = _product
    for kind in (itertools.permutations, itertools.combinations, itertools.combinations_with_replacement):
        models.guards[kind] = _choices


def _count(call: Call) -> Value:
    def numbers(start: Any = 0, step: Any = 1) -> Iterator[Any]:
        while True:
            call.interpreter.budget.step()
            yield start
            start += step

    return call.interpreter.native(call.place, numbers, *call.args, **call.kwargs)


def _cycle(call: Call) -> Value:
    items = call.interpreter.native(call.place, list, *map(call.interpreter.in_order, call.args))

    def rounds() -> Iterator[Value]:
        while items:
            for item in items:
                call.interpreter.budget.step()
                yield item

    return items if isinstance(items, Opaque) else rounds()


def _repeat(call: Call) -> Value:
    arguments = {**dict(zip(("object", "times"), call.args, strict=False)), **call.kwargs}
    item, times = arguments.get("object"), arguments.get("times")
    if isinstance(times, int):
        call.interpreter.budget.check_length(times)
        return iter([item] * times)
    if times is not None:
        return call.interpreter.native(call.place, itertools.repeat, item, times)

    def again() -> Iterator[Value]:
        while True:
            call.interpreter.budget.step()
            yield item

    return again()


def _product(call: Call) -> None:
    count = 1
    for items in call.args[1:]:
        count *= len(items) if hasattr(items, "__len__") and not isinstance(items, Opaque) else 1000
    repeat = call.kwargs.get("repeat", 1)
    if isinstance(repeat, int) and 0 < repeat < 50:
        count = count**repeat
    call.interpreter.budget.check_length(count)


def _choices(call: Call) -> None:
    items = call.args[1] if len(call.args) > 1 else ()
    size = len(items) if hasattr(items, "__len__") and not isinstance(items, Opaque) else 10
    chosen = call.args[2] if len(call.args) > 2 and isinstance(call.args[2], int) else size
    if 0 <= chosen <= size:
        many = math.comb(size, chosen) if "comb" in call.name else math.perm(size, min(chosen, 20))
        call.interpreter.budget.check_length(many)
