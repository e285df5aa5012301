"""What decides about `leoflow.lock`, and whether the one that there is fits."""

from __future__ import annotations

import hashlib
import json

from leoflow_compiler.diagnostics.catalogue.project import STALE_LOCK
from leoflow_compiler.diagnostics.records import Diagnostic
from leoflow_compiler.project.records import LOCK_FILE, Project, ProjectConfig

LOCK_VERSION = 1


def base_image(config: ProjectConfig) -> str:
    """The image that the DAG's stands on: its reference, or the Dockerfile that makes it."""
    if config.build.dockerfile is not None:
        return f"./{config.build.dockerfile}"
    return config.base_image or f"docker.io/library/python:{config.python_version}-slim"


def inputs_of(config: ProjectConfig) -> str:
    """The digest of what decides about a lock: it is stale when this differs."""
    inputs = {
        "base": base_image(config),
        "python_version": config.python_version,
        "dependencies": sorted(config.dependencies),
        "platforms": sorted(config.build.platforms),
        "platform_tag": config.build.platform_tag,
    }
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def stale_lock(project: Project) -> Diagnostic | None:
    """A warning where `leoflow.lock` is there and does not fit; a project need not have one."""
    try:
        raw = json.loads((project.root / LOCK_FILE).read_bytes())
        if raw["lock_version"] == LOCK_VERSION and raw["inputs"] == inputs_of(project.config):
            return None
        message = f"{LOCK_FILE} does not fit {project.config.dag_id!r} any more"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        message = f"{LOCK_FILE} cannot be read"
    return Diagnostic(
        code=STALE_LOCK,
        message=message,
        span=project.location_of("dependencies"),
        help="`leoflow lock` makes a new one",
    )
