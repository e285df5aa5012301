"""The UI's files: Airflow's own build as `leoflow setup` has put it there, or a page that says to do so."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from leoflow_server.api.errors import NotFound
from leoflow_server.ui_assets import LOGIN_FOLDER, MAIN_FOLDER, installed, ui_folder

router = APIRouter()

# Some systems know these by other names, or not at all; browsers insist.
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}
_PLACEHOLDER = "{{ backend_server_base_url }}"
_MISSING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leoflow</title></head>
<body style="font-family: sans-serif; margin: 4rem auto; max-width: 40rem">
<h1>Leoflow is running</h1>
<p>The API serves at <code>/api/v2</code>. The user interface is not installed yet: type</p>
<pre>leoflow setup</pre>
<p>and reload this page. It fetches the Airflow 3.2.2 UI through your package index, once.</p>
</body></html>
"""


# The build asks for this on pages with templates, but its wheel lacks it. The UI takes the failure in
# its stride (SQL is shown as plain text); this way the browser does not report a missing file as well.
_LEFT_OUT = "wasm/sqlparser_rs_wasm.js"
_LEFT_OUT_MODULE = 'export default async () => { throw new Error("the SQL parser is not in this build") }\n'


@router.get(f"/static/{_LEFT_OUT}", include_in_schema=False)
async def left_out() -> Response:
    return Response(_LEFT_OUT_MODULE, media_type="text/javascript")


@router.get("/static/{path:path}", include_in_schema=False)
async def static(path: str, request: Request) -> Response:
    return _file(request, MAIN_FOLDER, path)


@router.get("/auth/static/{path:path}", include_in_schema=False)
async def login_static(path: str, request: Request) -> Response:
    return _file(request, LOGIN_FOLDER, path)


@router.get("/auth/{path:path}", include_in_schema=False)
async def login_page(path: str, request: Request) -> Response:
    return _page(request, LOGIN_FOLDER)


@router.get("/health", include_in_schema=False)
async def moved_health() -> Response:
    raise NotFound("Not found: the health of this server is at /api/v2/monitor/health")


# Before the pages: what is no page must not look like one.
@router.api_route(
    "/{area}/{path:path}",
    methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    include_in_schema=False,
)
async def unknown(area: str, path: str, request: Request) -> Response:
    if area in ("api", "ui", "execution") or request.method != "GET":
        raise NotFound(f"Not found: {request.method} /{area}/{path}")
    return _page(request, MAIN_FOLDER)


@router.get("/{path:path}", include_in_schema=False)
async def main_page(path: str, request: Request) -> Response:
    return _page(request, MAIN_FOLDER)


def _root(request: Request) -> Path:
    return Path(request.app.state.services.settings.ui_dir)


def _page(request: Request, folder: str) -> Response:
    root = _root(request)
    if not installed(root):
        return HTMLResponse(_MISSING)
    text = (ui_folder(root) / folder / "index.html").read_text("utf-8")
    filled = text.replace(_PLACEHOLDER, request.app.state.base_path)
    return HTMLResponse(filled, headers={"Cache-Control": "no-cache"})


def _file(request: Request, folder: str, path: str) -> Response:
    base = (ui_folder(_root(request)) / folder).resolve()
    wanted = (base / path).resolve()
    if not wanted.is_relative_to(base) or not wanted.is_file():
        raise NotFound(f"Not found: {path}")
    # Names of built assets carry a hash of their content.
    lasting = path.startswith("assets/")
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
    headers["Vary"] = "Accept-Encoding"
    packed = wanted.with_name(wanted.name + ".gz")
    kind = _TYPES.get(wanted.suffix) or mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
    if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
        headers["Content-Encoding"] = "gzip"
        wanted = packed
    return FileResponse(wanted, media_type=kind, headers=headers)
