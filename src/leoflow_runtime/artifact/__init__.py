"""The compiled artifact: `dag.json` as records, its canonical bytes, digests and checks."""

from leoflow_runtime.artifact.canonical import canonical_bytes, content_digest, version_label
from leoflow_runtime.artifact.records import DagSpec, HttpRequest, TaskGroupSpec, TaskSpec, XComRef
from leoflow_runtime.artifact.validation import ArtifactInvalid, Problem, check_document

__all__ = [
    "ArtifactInvalid",
    "DagSpec",
    "HttpRequest",
    "Problem",
    "TaskGroupSpec",
    "TaskSpec",
    "XComRef",
    "canonical_bytes",
    "check_document",
    "content_digest",
    "version_label",
]
