"""The configuration of an image (OCI image specification 1.1, config.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leoflow_compiler.image import layout
from leoflow_compiler.image.layers import Layer

if TYPE_CHECKING:  # it brings the client of registries with it, which `compile` has no use for
    from leoflow_compiler.image.base import BaseImage

# What other users of an image's labels look for (OCI image specification, annotations.md).
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
# The Python that wrote the bytecode: with another one a rebuild has other bytes.
BYTECODE = "dev.leoflow.bytecode"


def image_config(
    base: BaseImage, layers: Sequence[Layer], *, labels: Mapping[str, str], time: int
) -> dict[str, Any]:
    """The base's configuration with our layers on top, our entrypoint and a user without rights."""
    created = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    old = base.config.get("config") or {}
    history = [
        *_history(base),
        *(
            {"created": created, "created_by": f"leoflow: {layer.name}", "comment": f"{layer.files} files"}
            for layer in layers
        ),
    ]
    settings = {
        **{key: value for key, value in old.items() if key not in ("Cmd", "Healthcheck", "OnBuild")},
        "Entrypoint": list(layout.ENTRYPOINT),
        "Cmd": list(layout.COMMAND),
        "User": f"{layout.USER}:{layout.USER}",
        "WorkingDir": f"/{layout.CODE}",
        "Env": _environment(old.get("Env") or ()),
        "Labels": {**(old.get("Labels") or {}), **labels},
    }
    found = {key: base.config[key] for key in ("os", "architecture", "variant") if base.config.get(key)}
    return {
        **found,
        "created": created,
        "config": settings,
        "rootfs": {
            "type": "layers",
            "diff_ids": [*base.config["rootfs"]["diff_ids"], *(layer.diff_id for layer in layers)],
        },
        "history": history,
    }


def _history(base: BaseImage) -> list[dict[str, Any]]:
    """The base's, an entry for each layer: builders refuse an image whose history has fewer or more."""
    found = list(base.config.get("history") or ())
    if sum(not entry.get("empty_layer") for entry in found) == len(base.layers):
        return found
    return [{"comment": f"of {base.reference}"} for _ in base.layers]


def environment() -> dict[str, str]:
    """Variables of ours in every image."""
    return {
        "LEOFLOW_PACKAGES": f"/{layout.PACKAGES}",
        "LEOFLOW_SPOOL": f"/{layout.SPOOL}/launches",
        "HOME": f"/{layout.SPOOL}",
        "USER": "leoflow",  # the base's list of users need not know the number
        "PYTHONUNBUFFERED": "1",
    }


def _environment(old: Sequence[str]) -> list[str]:
    ours = environment()
    kept = [entry for entry in old if entry.partition("=")[0] not in ours]
    return [*kept, *(f"{name}={value}" for name, value in ours.items())]
