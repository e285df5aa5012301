"""Which of a DAG's dependencies the interpreter environment lacks."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable
from importlib import metadata

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
# `packaging` is nearly everywhere; without it names are checked and versions are not.
KNOWS_VERSIONS = importlib.util.find_spec("packaging") is not None


def installed_version(name: str) -> str | None:
    """The version of a distribution in this environment, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def missing(
    dependencies: Iterable[str],
    *,
    version_of: Callable[[str], str | None] = installed_version,
    check_versions: bool = KNOWS_VERSIONS,
) -> list[str]:
    """One phrase for each PEP 508 requirement that is not met, such as `pandas>=2 (1.5.3 is installed)`.

    Extras are not looked at; a requirement whose marker excludes this platform is met.
    """
    check = _by_version if check_versions else _by_name
    return [f"{text} ({problem})" for text in dependencies if (problem := check(text, version_of))]


def _by_name(text: str, version_of: Callable[[str], str | None]) -> str | None:
    name = _NAME.match(text)
    if name is None:
        return "not a requirement"
    return None if version_of(name.group(1)) is not None else "not installed"


def _by_version(text: str, version_of: Callable[[str], str | None]) -> str | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        return f"not a requirement: {str(error).splitlines()[0]}"
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    version = version_of(requirement.name)
    if version is None:
        return "not installed"
    return None if requirement.specifier.contains(version, prereleases=True) else f"{version} is installed"
