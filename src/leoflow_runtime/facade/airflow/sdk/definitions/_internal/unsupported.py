"""One way to refuse a part of the dialect: by name, where it is used."""

from __future__ import annotations

from airflow.sdk.exceptions import NotSupportedInLeanEngine


def refuse(feature: str) -> None:
    """Raise `NotSupportedInLeanEngine` for that feature."""
    raise NotSupportedInLeanEngine(feature)


def refused_class(name: str, feature: str, base: type = object) -> type:
    """A class that can be imported and named in annotations, but not constructed."""

    def __init__(self: object, *args: object, **kwargs: object) -> None:
        raise NotSupportedInLeanEngine(feature)

    return type(name, (base,), {"__init__": __init__, "__doc__": f"Not offered: {feature}."})


def not_run(cls: type) -> type:
    """For a class of operator that is built as declared, and refuses, by its name, to run."""

    def execute(self: object, context: object) -> None:
        raise NotSupportedInLeanEngine(f"The {cls.__name__}")

    cls.execute = execute  # type: ignore[attr-defined]
    return cls
