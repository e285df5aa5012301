"""The Dockerfile of a project: the same image as without a daemon, for those who build in containers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata

from leoflow_compiler.image import layout
from leoflow_compiler.image.config import BASE_NAME, TITLE, environment
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.lock import AGENT_PACKAGES, Lock
from leoflow_compiler.project.lock_inputs import base_image
from leoflow_compiler.project.records import LOCK_FILE, ProjectConfig
from leoflow_runtime.oci.records import Platform

# Names in the context, beside the Dockerfile.
AGENT_ARCHIVE = "agent.tar.gz"  # unpacked by ADD
REQUIREMENTS = "requirements"
CODE = "dag"

_COMPILE = "python3 -m compileall -q --invalidation-mode unchecked-hash -x '/tests?/'"


def dockerfile(config: ProjectConfig, lock: Lock | None) -> str:
    """Depends on `leoflow.yaml` and the lock alone. `lock` None: nothing is pinned."""
    lines = [
        f"# {config.dag_id}. Written by `leoflow compile`, again and again: copy the folder to change it,",
        "# or name a Dockerfile for what lies below all this with `build.dockerfile` in leoflow.yaml.",
    ]
    if lock is None:
        lines += [f"# There is no {LOCK_FILE}: packages are what they are on the day of the build."]
    lines += ["", f"ARG BASE={_base(config, lock)}", "FROM ${BASE}"]
    if len(config.build.platforms) > 1:
        lines += ["ARG TARGETOS", "ARG TARGETARCH"]
    lines += ["USER root"]
    if config.system_packages:
        packages = " ".join(sorted(config.system_packages))
        lines += [
            "RUN apt-get update \\",
            f"    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages} \\",
            "    && rm -rf /var/lib/apt/lists/*",
        ]
    lines += ["", f"COPY {REQUIREMENTS} /{layout.HOME}/requirements"]
    if config.dependencies:
        lines += _install(layout.PACKAGES, _which(config, "packages"), hashes=lock is not None)
    lines += [f"ADD {AGENT_ARCHIVE} /", f"RUN install -d -o {layout.USER} -g {layout.USER} /{layout.SPOOL}"]
    lines += _install(layout.SITE, _which(config, "agent"), hashes=lock is not None)
    settings = " ".join(f"{name}={_quoted(value)}" for name, value in environment().items())
    lines += [
        "",
        f"COPY {CODE} /{layout.CODE}",
        f"ENV {settings}",
        *(f"LABEL {_quoted(name)}={_quoted(value)}" for name, value in sorted(labels(config).items())),
        f"WORKDIR /{layout.CODE}",
        f"USER {layout.USER}:{layout.USER}",
        f"ENTRYPOINT {json.dumps(list(layout.ENTRYPOINT))}",
        f"CMD {json.dumps(list(layout.COMMAND))}",
        "",
    ]
    return "\n".join(lines)


def labels(config: ProjectConfig) -> dict[str, str]:
    """What is known before the base is looked at."""
    named = {} if config.build.dockerfile else {BASE_NAME: base_image(config)}
    return {TITLE: config.dag_id, **named, **config.build.labels}


def requirement_files(config: ProjectConfig, lock: Lock | None) -> dict[str, str]:
    """pip's requirements files: name in the context and text, for packages and agent on every platform."""
    found: dict[str, str] = {}
    for platform in config.build.platforms:
        for kind, text in _texts(config, lock, platform).items():
            found[f"{REQUIREMENTS}/{_file_name(kind, platform)}"] = text
    return found


def _texts(config: ProjectConfig, lock: Lock | None, platform: str) -> Mapping[str, str]:
    if lock is None:
        return {"packages": _lines(config.dependencies), "agent": _installed_agent()}
    return {
        kind: _lines(
            " \\\n    ".join(
                [f"{one.name}=={one.version}", *(f"--hash={digest}" for digest in sorted(one.hashes))]
            )
            for one in packages[platform]
        )
        for kind, packages in (("packages", lock.packages), ("agent", lock.agent))
    }


@cache
def _installed_agent() -> str:
    """The agent's packages as they are installed here: the same for every project."""
    return _lines(f"{name}=={metadata.version(name)}" for name in AGENT_PACKAGES)


def _lines(requirements: Iterable[str]) -> str:
    return "".join(f"{one}\n" for one in requirements)


def _base(config: ProjectConfig, lock: Lock | None) -> str:
    if config.build.dockerfile is not None:
        return "build-your-own-dockerfile-first"  # the builder names what it has made of it
    return base_image(config) if lock is None else f"{lock.base}@{lock.base_digest}"


def _which(config: ProjectConfig, kind: str) -> str:
    """The requirements file of the platform that is built."""
    if len(config.build.platforms) == 1:
        return _file_name(kind, config.build.platforms[0])
    return f"{kind}-${{TARGETOS}}-${{TARGETARCH}}.txt"


def _file_name(kind: str, platform: str) -> str:
    wanted = Platform.parse(platform)
    return f"{kind}-{wanted.os}-{wanted.architecture}.txt"


def _install(target: str, name: str, *, hashes: bool) -> list[str]:
    """pip's own settings, such as a private index, come as a secret of the build: no layer has them."""
    checked = "--require-hashes --no-deps " if hashes else ""
    return [
        "RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \\",
        f"    python3 -m pip install --no-cache-dir --no-compile {checked}\\",
        f"        --target /{target} -r /{layout.HOME}/requirements/{name} \\",
        f"    && {{ {_COMPILE} \\",
        f"        /{target} || true; }}",
    ]


def _quoted(text: str) -> str:
    """A value of ENV or LABEL. Raises ImageError."""
    if "\n" in text:
        raise ImageError("a label of more than one line cannot be written in a Dockerfile")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
