"""The compiled artifact: `dag.json` as records, its canonical bytes, digests and checks.

Loaded name by name: a compile that the cache answers needs none of them, and pays for none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leoflow_runtime.artifact.canonical import canonical_bytes, content_digest, version_label
    from leoflow_runtime.artifact.capabilities import Missing, missing_by_task, missing_capabilities
    from leoflow_runtime.artifact.records import DagSpec, HttpRequest, TaskGroupSpec, TaskSpec, XComRef
    from leoflow_runtime.artifact.validation import ArtifactInvalid, Problem, check_document

__all__ = [
    "ArtifactInvalid",
    "DagSpec",
    "HttpRequest",
    "Missing",
    "Problem",
    "TaskGroupSpec",
    "TaskSpec",
    "XComRef",
    "canonical_bytes",
    "check_document",
    "content_digest",
    "missing_by_task",
    "missing_capabilities",
    "version_label",
]
_HOMES = {
    "capabilities": ("Missing", "missing_by_task", "missing_capabilities"),
    "canonical": ("canonical_bytes", "content_digest", "version_label"),
    "records": ("DagSpec", "HttpRequest", "TaskGroupSpec", "TaskSpec", "XComRef"),
    "validation": ("ArtifactInvalid", "Problem", "check_document"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
