"""One authenticated request: who calls, what they ask for, and the ways to the store and the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection

from leoflow_runtime.engine.store import Tx
from leoflow_server.access import Role, TokenInvalid, User, audit
from leoflow_server.api.errors import ApiError
from leoflow_server.api.params import Params
from leoflow_server.api.specs import Specs

if TYPE_CHECKING:
    from leoflow_server.services import Services

T = TypeVar("T")
COOKIE = "_token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    request: Request
    services: Services
    user: User

    @property
    def tenant_id(self) -> int:
        return self.user.tenant_id

    @property
    def specs(self) -> Specs:
        specs: Specs = self.request.app.state.specs
        return specs

    @property
    def params(self) -> Params:
        return Params(self.request.query_params)

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self.services.store.read_rows(query)

    async def write(self, query: Callable[[Connection], T]) -> T:
        return await self.services.store.write_rows(query)

    async def apply(self, operation: Callable[[Tx], T]) -> T:
        """A change that the planner has to know of; returns after its commit."""
        return await self.services.engine.apply(operation)

    async def record(self, name: str, *, extra: Mapping[str, Any] | None = None, **about: Any) -> None:
        """One row of the audit log; `name` is what Airflow calls the endpoint."""
        event = audit.Event(
            name=name, owner=self.user.username, tenant_id=self.tenant_id, extra=extra, **about
        )
        now = datetime.now(UTC)
        await self.write(lambda conn: audit.record(conn, event, now))


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def authenticate(request: Request) -> User:
    """The caller by cookie or bearer token, whichever is honoured. Raises ApiError 401."""
    access = request.app.state.services.access
    refused: TokenInvalid | None = None
    for token in (request.cookies.get(COOKIE), bearer_token(request)):
        if token:
            try:
                user: User = await access.authenticate(token)
            except TokenInvalid as error:
                refused = error
            else:
                return user
    headers = {"WWW-Authenticate": "Bearer"}
    if request.cookies.get(COOKIE):
        headers["Set-Cookie"] = f"{COOKIE}=; Max-Age=0; Path={request.app.state.base_path}; SameSite=Lax"
    raise ApiError(401, str(refused) if refused else "Not authenticated", headers)


def require(role: Role) -> Callable[[Request], Awaitable[Call]]:
    async def call(request: Request) -> Call:
        user = await authenticate(request)
        if user.role < role:
            raise ApiError(403, "Forbidden")
        return Call(request=request, services=request.app.state.services, user=user)

    return call


Viewer = Annotated[Call, Depends(require(Role.VIEWER))]
Editor = Annotated[Call, Depends(require(Role.USER))]
Operator = Annotated[Call, Depends(require(Role.OP))]
Administrator = Annotated[Call, Depends(require(Role.ADMIN))]
