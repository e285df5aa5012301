"""What registering a version answers, and how its failures are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from leoflow_runtime.artifact import ArtifactInvalid
from leoflow_runtime.oci.errors import RegistryError, Unreachable
from leoflow_runtime.schedule import ScheduleInvalid
from leoflow_server.api.errors import ApiError, Unprocessable
from leoflow_server.registry.policy import Denied
from leoflow_server.registry.register import DagIdDiffers, Registration


@contextmanager
def told() -> Iterator[None]:
    """403: the policy; 422: the document or the artifact; 502: the registry does not answer."""
    try:
        yield
    except ArtifactInvalid as error:
        raise Unprocessable(
            [
                {"type": problem.code, "loc": ["body", problem.path], "msg": problem.message, "input": None}
                for problem in error.problems
            ]
        ) from None
    except ScheduleInvalid as error:
        raise Unprocessable.one(["body", "$.schedule"], str(error)) from None
    except DagIdDiffers as error:
        raise ApiError(400, str(error)) from None
    except Denied as error:
        raise ApiError(403, str(error)) from None
    except Unreachable as error:
        raise ApiError(502, error.message) from None
    except RegistryError as error:
        raise Unprocessable.one(["body", "reference"], error.message) from None


def shown_registration(registration: Registration) -> dict[str, Any]:
    return asdict(registration)


def recorded(registration: Registration) -> dict[str, Any]:
    """For the audit log."""
    return {
        "version_number": registration.version_number,
        "created": registration.created,
        "reference": registration.reference,
    }
