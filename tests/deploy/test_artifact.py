"""What a deployment leaves in the registry can be looked at, taken apart, and carried away in a file."""

from __future__ import annotations

import json
from pathlib import Path

from tests.deploy.conftest import Place


def test_a_deployed_artifact_holds_its_source_and_travels_as_a_file(place: Place, tmp_path: Path) -> None:
    project = place.project("travels")
    deployed = place.leoflow("deploy", "travels", "--json").answer
    found = place.leoflow("artifact", "inspect", deployed["artifact"], "--json").answer
    assert (found["dag_id"], found["image"]) == ("travels", deployed["image"])

    place.leoflow("artifact", "pull", deployed["artifact"], "back")
    back = place.folder / "back"
    assert (back / "dag.py").read_bytes() == (project / "dag.py").read_bytes()
    assert json.loads((back / "dag.json").read_text())["image"] == deployed["image"]

    place.leoflow("artifact", "export", deployed["artifact"], "travels.tar")
    place.leoflow("artifact", "import", "travels.tar", f"{place.registry}/inside/travels:prod")
    inside = place.leoflow("artifact", "inspect", f"{place.registry}/inside/travels:prod", "--json").answer
    assert inside["reference"].partition("@")[2] == deployed["artifact"].partition("@")[2]
    assert inside["image"].partition("@")[2] == deployed["image"].partition("@")[2]
    assert inside["size"] == found["size"]
