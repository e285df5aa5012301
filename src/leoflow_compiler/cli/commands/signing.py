"""`leoflow sign` and `leoflow verify`: who stands for an artifact, and whether the source gives it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leoflow_compiler.cli.deploying import chosen_targets, compiled, image_errors
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.diagnostics.outcome import Exit

if TYPE_CHECKING:
    from leoflow_compiler.deploy.registries import Registries
    from leoflow_compiler.deploy.verification import Subject
    from leoflow_runtime.oci.keys import PrivateKey, PublicKey

PASSWORDS = ("LEOFLOW_KEY_PASSWORD", "COSIGN_PASSWORD")
_ENV = "env://"

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
    """Sign an artifact and its image, or an image alone, as cosign does with a key."""
    said = dict(_annotation(text) for text in annotations)
    private = _private_key(key)
    from leoflow_compiler.deploy.verification import find_subject, sign_subject

    with image_errors(), _registries(insecure_registry) as connect:
        registry, subject = _found(connect, reference, find_subject)
        done = list(sign_subject(registry, subject, private, said))
    fingerprint = private.public.fingerprint
    if as_json:
        signed = [{"part": name, "reference": str(part), "new": is_new} for name, part, is_new in done]
        click.echo(json.dumps({"key": fingerprint, "signed": signed}, indent=2))
        return int(Exit.CLEAN)
    for name, part, is_new in done:
        click.echo(f"{name} {part} {'signed' if is_new else 'is signed already'}")
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
    """Check who signed an artifact and its image, or whether they come from the source."""
    if not keys and not rebuild:
        raise click.UsageError("there is nothing to check by; add --key, --rebuild or both")
    if project is not None and not rebuild:
        raise click.UsageError("--project only makes sense with --rebuild")
    trusted = [_public_key(key) for key in keys]
    from leoflow_compiler.deploy.verification import attached_documents, find_subject, verify_subject

    with image_errors(), _registries(insecure_registry) as connect:
        registry, subject = _found(connect, reference, find_subject)
        signed = list(verify_subject(registry, subject, trusted)) if trusted else []
        different = _differences(subject, project, connect) if rebuild else []
        documents = attached_documents(registry, subject)
    if as_json:
        shown = {
            "artifact": str(subject.reference) if subject.artifact is not None else None,
            "image": str(subject.image) if subject.image is not None else None,
            "signed": [
                {"part": name, "key": one.key, "identity": one.identity, "annotations": dict(one.annotations)}
                for name, one in signed
            ],
            "rebuilt": rebuild,
            "differences": different,
            "documents": [{"type": kind, "digest": digest} for kind, digest in documents],
        }
        click.echo(json.dumps(shown, indent=2))
    else:
        for name, part in subject.parts:
            click.echo(f"{name} {part}")
        for name, one in signed:
            more = "".join(f", {key}={value}" for key, value in sorted(one.annotations.items()))
            click.echo(f"  {name} signed by {one.key} as {one.identity}{more}")
        for kind, digest in documents:
            click.echo(f"  {kind} {digest}")
        if rebuild and not different:
            click.echo("  rebuilt from source: the same bytes")
    if different:
        raise UserError(f"{reference} is not what the source gives: {'; '.join(different)}")
    return int(Exit.CLEAN)


def _differences(subject: Subject, project: str | None, connect: Registries) -> list[str]:
    from leoflow_compiler.deploy.deployment import current_lock
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


def _found(connect: Registries, text: str, find: Callable[..., Subject]) -> tuple[Any, Subject]:
    from leoflow_compiler.deploy.registries import reference

    named = reference(text)
    registry = connect(named)
    return registry, find(registry, named)


def _annotation(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.UsageError(f"{text!r} is no annotation; write NAME=VALUE")
    return name, value


def _private_key(source: str) -> PrivateKey:
    """Asks for the password where the key has one and the environment does not. Raises UserError."""
    pem = _pem(source)
    try:
        from leoflow_runtime.oci.keys import BadKey, PrivateKey, WrongPassword
    except ImportError as error:
        raise _without_extra() from error
    password = next((os.environ[name] for name in PASSWORDS if name in os.environ), None)
    try:
        try:
            return PrivateKey.from_pem(pem, password.encode() if password is not None else None)
        except WrongPassword:
            if password is not None or not sys.stdin.isatty():
                raise
            asked = str(click.prompt("Password of the key", hide_input=True, default="", err=True))
            return PrivateKey.from_pem(pem, asked.encode())
    except ImportError as error:
        raise _without_extra() from error
    except BadKey as error:
        hint = f"set {PASSWORDS[0]}" if isinstance(error, WrongPassword) and password is None else None
        raise UserError(f"{source}: {error}", hint=hint) from error


def _public_key(source: str) -> PublicKey:
    """Raises UserError."""
    pem = _pem(source)
    try:
        from leoflow_runtime.oci.keys import BadKey, PublicKey
    except ImportError as error:
        raise _without_extra() from error
    try:
        return PublicKey.from_pem(pem)
    except BadKey as error:
        raise UserError(f"{source}: {error}") from error


def _pem(source: str) -> bytes:
    if source.startswith(_ENV):
        name = source.removeprefix(_ENV)
        if name not in os.environ:
            raise UserError(f"there is no variable {name} with a key")
        return os.environ[name].encode()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{source}: {error.strerror}") from error


def _without_extra() -> UserError:
    return UserError("signatures need two more packages", hint="pip install 'leoflow[signing]'")
