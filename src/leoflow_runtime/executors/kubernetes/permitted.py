"""Whether a launch may be a pod as its task wants it. Pure.

The control plane asks when a version is registered, the executor again when it makes the pod: the settings
may have changed meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from leoflow_runtime.artifact.executors import EXECUTORS
from leoflow_runtime.artifact.pod_override import breaches, privileges, secrets_named


def refusal(
    *,
    executor: str | None,
    run_as_user: str | None,
    override: Mapping[str, Any],
    instance: str,
    privileged: bool,
) -> str | None:
    """One sentence that says what stands against it; None: nothing.

    `instance` begins the names of this control plane's Secrets. `privileged`: an override may reach beyond
    its pod.
    """
    if executor is not None and EXECUTORS.get(executor) != "kubernetes":
        return f"it names the executor {executor}, and this control plane runs tasks in pods"
    if run_as_user is not None and not _is_user_id(run_as_user):
        wanted = "in a pod it is the number of a user other than root, such as '1000'"
        return f"`run_as_user` is {run_as_user!r}: {wanted}"
    for breach in breaches(override):
        return str(breach)
    granted = () if privileged else privileges(override)
    if granted:
        listed = ", ".join(f"`{path}`" for path in granted)
        return (
            f"{listed} reaches beyond the pod, and `kubernetes_privileged` is not set on this control plane"
        )
    for path in secrets_named(override, re.compile(rf"{re.escape(instance)}-\d+")):
        return f"`{path}` names a Secret of this control plane's launches"
    return None


def _is_user_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 2**31
