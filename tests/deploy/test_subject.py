"""What a reference stands for, down to the documents of each platform."""

from __future__ import annotations

from leoflow_compiler.deploy.subject import find_subject, platforms_of
from leoflow_compiler.image import provenance, sbom
from leoflow_compiler.image.attachments import attach
from leoflow_runtime.oci.reference import Reference
from leoflow_runtime.oci.registry import Registry
from tests.oci.artifacts import SBOM, push_everything
from tests.registry_server import RegistryServer

REPOSITORY = "dags/subject"


def test_parts_are_artifact_image_and_the_documents_of_every_platform(registry: RegistryServer) -> None:
    with Registry(registry.host) as client:
        pushed = push_everything(client, REPOSITORY)
        image = Reference.parse(f"{registry.host}/{REPOSITORY}@{pushed.image.digest}")
        amd64, arm64 = (one for one, _ in platforms_of(client, image))
        attached = []
        for one, document in ((amd64, {"for": "amd64"}), (arm64, {"for": "arm64"})):
            about = client.head_manifest(REPOSITORY, one.version)
            assert about is not None
            attached.append(attach(client, REPOSITORY, about, document, sbom.MEDIA_TYPE, "sbom"))
        made = attach(client, REPOSITORY, pushed.image, {"of": "both"}, provenance.MEDIA_TYPE, "provenance")

        subject = find_subject(client, Reference.parse(f"{registry.host}/{REPOSITORY}:v1-dag"))
        found = [(part.name, part.reference.digest) for part in subject.parts]
        assert found[:2] == [("artifact", pushed.artifact.digest), ("image", pushed.image.digest)]
        assert found[2:] == [
            ("provenance", made.digest),
            *(("sbom", digest) for digest in sorted(one.digest for one in attached)),
        ]
        assert subject.others == ((SBOM, pushed.sbom.digest),), "somebody else's, of another kind"

        alone = find_subject(client, image)
        assert [part.name for part in alone.parts] == ["image", "provenance", "sbom", "sbom"]
