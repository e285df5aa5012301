"""What `deploy`, `lock` and their like share: which projects, compiled how, and failures as sentences."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leoflow_compiler.cli.cache import opened_cache
from leoflow_compiler.cli.compilation import compile_target
from leoflow_compiler.cli.errors import UserError
from leoflow_compiler.cli.report import verdict, write_text
from leoflow_compiler.cli.targets import Target, find_targets
from leoflow_compiler.diagnostics.outcome import Exit
from leoflow_compiler.project import Project, load_project


@contextmanager
def image_errors() -> Iterator[None]:
    """Failures of builder, registry and disk as UserErrors."""
    from leoflow_compiler.deploy.destination import DestinationError
    from leoflow_compiler.image.errors import ImageError
    from leoflow_runtime.oci.errors import RegistryError

    try:
        yield
    except (ImageError, RegistryError, DestinationError) as error:
        raise UserError(error.message, hint=error.hint) from error
    except OSError as error:
        raise UserError(f"{error.filename or 'a file'}: {error.strerror or error}") from error


def chosen_targets(source: str | None, everything: bool) -> tuple[Target, ...]:
    """A folder, the DAG of that id somewhere below the current one, all of them, or the project here."""
    if everything:
        if source is not None:
            raise UserError("--all deploys every project here; name none", exit_code=Exit.MISUSE)
        return find_targets(())
    if source is None or Path(source).exists():
        targets = find_targets((source or ".",))
        if len(targets) > 1:
            raise UserError(
                f"{source or '.'!r} holds {len(targets)} projects",
                hint="name one by its folder or dag_id, or add --all",
                exit_code=Exit.MISUSE,
            )
        return targets
    known = {dag_id_of(target): target for target in find_targets(())}
    if source not in known:
        listed = ", ".join(sorted(name for name in known if name)) or "none"
        raise UserError(
            f"there is no folder and no DAG {source!r} here; known: {listed}", exit_code=Exit.MISUSE
        )
    return (known[source],)


def dag_id_of(target: Target) -> str:
    """Empty where its `leoflow.yaml` cannot be read."""
    project, _ = load_project(target.folder)
    return project.config.dag_id if project is not None else ""


def compiled(target: Target) -> tuple[Project, dict[str, Any]]:
    """The project and its document; diagnostics go to standard error.

    Raises UserError; SecretsFound for files that must not travel.
    """
    from leoflow_compiler.image.secrets_scan import refuse_secrets

    result = compile_target(target, opened_cache(disabled=False))
    write_text([result], sys.stderr)
    if verdict([result]) is not Exit.CLEAN or result.project is None or result.document is None:
        raise UserError(f"{target.label!r} does not compile, so that nothing was deployed")
    refuse_secrets(result.project)
    return result.project, result.document


def amount(size: int) -> str:
    """Bytes as people read them."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
