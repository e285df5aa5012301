"""Logging in and out: tokens for programs, a cookie for browsers."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from leoflow_server.access import Access, InvalidCredentials, TooManyAttempts, User
from leoflow_server.access.tokens import CLI_LIFETIME
from leoflow_server.api.answers import answer
from leoflow_server.api.bodies import GenerateToken, Login
from leoflow_server.api.call import COOKIE, Viewer, bearer_token
from leoflow_server.api.errors import ApiError

router = APIRouter()


async def _credentials(request: Request) -> Login:
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        elif kind in ("application/json", ""):
            fields = msgspec.json.decode(body or b"{}")
        else:
            raise ApiError(415, "Unsupported Media Type")
        login = Login.model_validate(fields)
    except (ValidationError, msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(400, "Username and password must be provided") from None
    if not login.username or not login.password:
        raise ApiError(400, "Username and password must be provided")
    return login


async def _log_in(request: Request) -> User:
    access: Access = request.app.state.services.access
    given = await _credentials(request)
    client = request.client.host if request.client else "unknown"
    try:
        return await access.login(given.username, given.password, client=client)
    except InvalidCredentials:
        raise ApiError(401, "Invalid credentials") from None
    except TooManyAttempts as error:
        wait = {"Retry-After": str(max(1, round(error.wait_seconds)))}
        raise ApiError(429, str(error), wait) from None


async def _token(request: Request, lifetime: timedelta | None) -> Response:
    user = await _log_in(request)
    token = request.app.state.services.access.issue(user, lifetime)
    return answer({"access_token": token}, 201)


@router.post("/auth/token", status_code=201)
async def create_token(request: Request) -> Response:
    return await _token(request, None)


@router.post("/auth/token/cli", status_code=201)
async def create_token_cli(request: Request) -> Response:
    return await _token(request, CLI_LIFETIME)


@router.get("/auth/token")
@router.get("/auth/token/login")
async def create_token_all_admins() -> Response:
    raise ApiError(403, "This method is only allowed if the server runs without passwords")


@router.get("/api/v2/auth/login")
async def login(request: Request) -> Response:
    target = request.query_params.get("next")
    if target and not _same_origin(request, target):
        raise ApiError(400, "Invalid or unsafe next URL")
    base = request.app.state.base_path
    return RedirectResponse(f"{base}auth/login" + (f"?next={quote(target, safe='')}" if target else ""), 307)


def _same_origin(request: Request, target: str) -> bool:
    # Browsers read "\" as "/", and drop control characters.
    if "\\" in target or any(ord(character) < 32 for character in target):
        return False
    parts = urlsplit(target)
    if not parts.scheme and not parts.netloc:
        return target.startswith("/") and not target.startswith("//")
    return parts.scheme in ("http", "https") and parts.netloc == request.headers.get("host")


@router.get("/api/v2/auth/logout")
async def logout(request: Request) -> Response:
    access: Access = request.app.state.services.access
    for token in (request.cookies.get(COOKIE), bearer_token(request)):
        if token:
            await access.revoke(token)
    base = request.app.state.base_path
    response = RedirectResponse(f"{base}auth/login", 307)
    for path in {base, "/"}:
        response.delete_cookie(COOKIE, path=path)
    return response


@router.post("/ui/auth/token")
async def generate_token(body: GenerateToken, call: Viewer) -> Response:
    access = call.services.access
    lifetime = {"cli": CLI_LIFETIME, "api": access.lifetime}[body.token_type]
    await call.record("generate_token", extra={"token_type": body.token_type})
    return answer(
        {
            "access_token": access.issue(call.user, lifetime),
            "token_type": body.token_type,
            "expires_in_seconds": int(lifetime.total_seconds()),
        }
    )
