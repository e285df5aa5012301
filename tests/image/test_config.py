"""The configuration of an image: the base's, with ours on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leoflow_compiler.image.base import BaseImage
from leoflow_compiler.image.config import image_config
from leoflow_compiler.image.layers import Layer
from leoflow_runtime.oci.records import LAYER_GZIP, Descriptor
from leoflow_runtime.oci.reference import Reference

BLOB = Descriptor(media_type=LAYER_GZIP, digest="sha256:" + "1" * 64, size=1)
CODE = Layer(
    name="code", path=Path("x"), digest="sha256:" + "2" * 64, diff_id="sha256:" + "3" * 64, size=1, files=7
)


def made(**config: Any) -> dict[str, Any]:
    base = BaseImage(
        reference=Reference.parse("python:3.11-slim"),
        config={"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:b"]}, **config},
        layers=(BLOB,),
        digest="sha256:" + "4" * 64,
    )
    return image_config(base, [CODE], labels={"a": "ours"}, time=1700000000)


def test_what_the_base_says_stays_where_we_say_nothing() -> None:
    settings = made(
        config={
            "Env": ["PATH=/opt/bin", "HOME=/root"],
            "Labels": {"a": "theirs", "b": "theirs"},
            "Cmd": ["python3"],
            "Healthcheck": {"Test": ["CMD", "true"]},
            "StopSignal": "SIGINT",
        }
    )["config"]
    assert settings["Env"][0] == "PATH=/opt/bin"
    assert settings["Env"].count("HOME=/opt/leoflow/spool") == 1
    assert "HOME=/root" not in settings["Env"]
    assert settings["Labels"] == {"a": "ours", "b": "theirs"}
    assert (settings["Cmd"], settings["StopSignal"]) == (["pod"], "SIGINT")
    assert "Healthcheck" not in settings


@pytest.mark.parametrize(
    "history", [None, [], [{"created_by": "a"}, {"created_by": "b"}], [{"created_by": "a"}]]
)
def test_history_has_an_entry_for_each_layer(history: list[dict[str, str]] | None) -> None:
    config = made(history=history)
    layers = [entry for entry in config["history"] if not entry.get("empty_layer")]
    assert len(layers) == len(config["rootfs"]["diff_ids"]) == 2
    assert layers[-1] == {
        "created": "2023-11-14T22:13:20Z",
        "created_by": "leoflow: code",
        "comment": "7 files",
    }
