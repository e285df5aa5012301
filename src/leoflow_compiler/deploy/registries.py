"""Connections to registries, one for each, with the credentials that this machine has for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from leoflow_compiler.image.errors import ImageError
from leoflow_runtime.oci.credentials import (
    IN_ENVIRONMENT,
    Credentials,
    CredentialsError,
    Method,
    credentials_for,
)
from leoflow_runtime.oci.reference import BadReference, Reference
from leoflow_runtime.oci.registry import Progress, Registry


class Registries:
    """Opens a registry when it is first asked for. Callable, as the builder wants it."""

    def __init__(
        self, stack: ExitStack, environ: Mapping[str, str], insecure: bool, progress: Progress | None
    ) -> None:
        self._stack = stack
        self._environ = environ
        self.insecure = insecure
        self._progress = progress
        self._open: dict[str, Registry] = {}
        self.methods: dict[str, Method] = {}

    def __call__(self, reference: Reference) -> Registry:
        """Raises ImageError where there should be credentials and they cannot be had."""
        name = reference.registry
        if name not in self._open:
            registry = Registry(
                reference.host,
                credentials=self._credentials(name),
                insecure=self.insecure,
                progress=self._progress,
            )
            self._open[name] = self._stack.enter_context(registry)
        return self._open[name]

    def for_tools(self, references: Iterable[Reference]) -> dict[str, Credentials]:
        """What a program that reads Docker's configuration does not find there. Raises ImageError."""
        names = {one.registry for one in references}
        ours = {name for name in names if self.methods.get(name, "docker_config") != "docker_config"}
        if any(self._environ.get(variable) for variable in IN_ENVIRONMENT):
            ours = names
        found = {name: self._credentials(name) for name in sorted(ours)}
        return {name: credentials for name, credentials in found.items() if credentials is not None}

    def _credentials(self, name: str) -> Credentials | None:
        try:
            method, own = self.methods.get(name, "docker_config"), name in self.methods
            return credentials_for(name, self._environ, method=method, own=own)
        except CredentialsError as error:
            raise ImageError(str(error)) from error


@contextmanager
def registries(
    environ: Mapping[str, str], *, insecure: bool = False, progress: Progress | None = None
) -> Iterator[Registries]:
    """Closes them all at the end."""
    with ExitStack() as stack:
        yield Registries(stack, environ, insecure, progress)


def reference(text: str) -> Reference:
    """Raises ImageError."""
    try:
        return Reference.parse(text)
    except BadReference as error:
        raise ImageError(str(error)) from error
