"""`leoflow sign` and `leoflow verify`: who stands for an artifact, and whether the source gives it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.deploying import chosen_targets, compiled, image_errors
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.keys import private_key, public_key
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.deploy.registries import Registries
    from leoflow_compiler.deploy.subject import Part, Subject
    from leoflow_runtime.oci.keys import PublicKey
    from leoflow_runtime.oci.registry import Registry
    from leoflow_runtime.oci.signatures import Verified

reference_argument = click.argument("reference", metavar="REFERENCE")
insecure_option = click.option(
    "--insecure-registry", is_flag=True, help="Speak plain HTTP to registries on other machines too."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.command(
    epilog="""\b
Examples:
  leoflow sign registry.example.com/dags/sales:v1-dag --key cosign.key
  leoflow sign registry.example.com/dags/sales:v1-dag --key env://SIGNING_KEY -a built_by=ci

The key is one of `cosign generate-key-pair`, or of `openssl ecparam -name prime256v1 -genkey`. Its password
comes from LEOFLOW_KEY_PASSWORD or COSIGN_PASSWORD, else it is asked for.
"""
)
@reference_argument
@click.option("--key", required=True, metavar="FILE|env://NAME", help="The private key.")
@click.option(
    "-a", "--annotation", "annotations", multiple=True, metavar="NAME=VALUE", help="Signed as well."
)
@insecure_option
@json_option
def sign(
    reference: str, key: str, annotations: tuple[str, ...], insecure_registry: bool, as_json: bool
) -> int:
    """Sign an artifact, its image, SBOM and provenance, or an image alone, as cosign does with a key."""
    said = dict(_annotation(text) for text in annotations)
    private = private_key(key)
    from leoflow_compiler.deploy.signing import sign_parts

    with image_errors(), _registries(insecure_registry) as connect:
        registry, subject = _found(connect, reference)
        done = sign_parts(registry, subject.parts, private, said)
    fingerprint = private.public.fingerprint
    if as_json:
        click.echo(json.dumps({"key": fingerprint, "signed": [one.to_json() for one in done]}, indent=2))
        return int(Exit.CLEAN)
    for one in done:
        click.echo(f"{one.part.name} {one.part.reference} {'signed' if one.is_new else 'is signed already'}")
    click.echo(f"key {fingerprint}")
    return int(Exit.CLEAN)


@click.command(
    epilog="""\b
Examples:
  leoflow verify registry.example.com/dags/sales:v1-dag --key cosign.pub
  leoflow verify registry.example.com/dags/sales:v1-dag --rebuild --project sales

With --rebuild, check out the commit that was deployed first; leoflow.lock is part of it.
"""
)
@reference_argument
@click.option(
    "--key", "keys", multiple=True, metavar="FILE|env://NAME", help="A public key; several: any of them."
)
@click.option("--rebuild", is_flag=True, help="Build from source once more and compare digests.")
@click.option("--project", metavar="PROJECT|DAG_ID", help="The source for --rebuild; else the folder here.")
@insecure_option
@json_option
def verify(
    reference: str,
    keys: tuple[str, ...],
    rebuild: bool,
    project: str | None,
    insecure_registry: bool,
    as_json: bool,
) -> int:
    """Check who signed an artifact, its image, SBOM and provenance, or whether the source gives them."""
    if not keys and not rebuild:
        raise click.UsageError("there is nothing to check by; add --key, --rebuild or both")
    if project is not None and not rebuild:
        raise click.UsageError("--project only makes sense with --rebuild")
    trusted = [public_key(key) for key in keys]
    with image_errors(), _registries(insecure_registry) as connect:
        registry, subject = _found(connect, reference)
        signed = _verified(registry, subject, trusted) if trusted else []
        different = _differences(subject, project, connect) if rebuild else []
    if as_json:
        shown = {
            "artifact": str(subject.reference) if subject.artifact is not None else None,
            "image": str(subject.image) if subject.image is not None else None,
            "signed": [
                {
                    "part": part.name,
                    "reference": str(part.reference),
                    "key": one.key,
                    "identity": one.identity,
                    "annotations": dict(one.annotations),
                }
                for part, one in signed
            ],
            "rebuilt": rebuild,
            "differences": different,
            "documents": [{"type": kind, "digest": digest} for kind, digest in subject.attached],
        }
        click.echo(json.dumps(shown, indent=2))
    else:
        for part in subject.parts:
            click.echo(f"{part.name} {part.reference}")
        for part, one in signed:
            more = "".join(f", {key}={value}" for key, value in sorted(one.annotations.items()))
            click.echo(f"  {part.name} signed by {one.key} as {one.identity}{more}")
        for kind, digest in subject.others:
            click.echo(f"  {kind} {digest}: not Leoflow's, not looked at")
        if rebuild and not different:
            click.echo("  rebuilt from source: the same bytes")
    if different:
        raise UserError(f"{reference} is not what the source gives: {'; '.join(different)}")
    return int(Exit.CLEAN)


def _differences(subject: Subject, project: str | None, connect: Registries) -> list[str]:
    from leoflow_compiler.deploy.planning import current_lock
    from leoflow_compiler.deploy.verification import differences
    from leoflow_compiler.image.cache import LayerCache
    from leoflow_compiler.image.report import Report

    (target,) = chosen_targets(project, everything=False)
    loaded, document = compiled(target)
    lock, _ = current_lock(loaded, connect, frozen=True)
    with tempfile.TemporaryDirectory(
        prefix="leoflow-rebuild-"
    ) as name:  # what was built before proves nothing
        cache = LayerCache(Path(name))
        return differences(subject, loaded, document, lock, connect=connect, cache=cache, report=Report())


def _registries(insecure: bool) -> Any:
    from leoflow_compiler.deploy.registries import registries

    return registries(os.environ, insecure=insecure)


def _found(connect: Registries, text: str) -> tuple[Registry, Subject]:
    from leoflow_compiler.deploy.registries import reference
    from leoflow_compiler.deploy.subject import find_subject

    named = reference(text)
    registry = connect(named)
    return registry, find_subject(registry, named)


def _verified(registry: Registry, subject: Subject, keys: list[PublicKey]) -> list[tuple[Part, Verified]]:
    from leoflow_compiler.deploy.signing import verify_parts

    return list(verify_parts(registry, subject.parts, keys))


def _annotation(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"{text!r} is no annotation; write NAME=VALUE")
    return name, value
