"""Numbers: math, statistics, decimal, fractions."""

from __future__ import annotations

import decimal
import fractions
import math
import statistics

from leoflow_compiler.evaluate.library import Call, Models


def register(models: Models) -> None:
    for name, value in vars(math).items():
        if name.startswith("_"):
            continue
        if callable(value):
            models.pure("math", value)
        else:
            models.values[f"math.{name}"] = value
    models.pure("statistics", statistics.mean, statistics.median, statistics.fmean)
    models.pure("decimal", decimal.Decimal)
    models.constants("decimal", {k: v for k, v in vars(decimal).items() if k.startswith("ROUND_")})
    models.pure("fractions", fractions.Fraction)
    for name in ("factorial", "comb", "perm"):
        models.guards[name] = _integers


def _integers(call: Call) -> None:
    for value in call.args[1:]:
        if isinstance(value, int) and value > 2000:
            call.interpreter.budget.check_bits(value * 100)
