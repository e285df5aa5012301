"""The source of a project in one archive, which an artifact holds beside `dag.json`."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

from leoflow_compiler.image import layout
from leoflow_compiler.image.builder import Image
from leoflow_compiler.image.errors import ImageError
from leoflow_compiler.image.layers import Entry, epoch, pack
from leoflow_compiler.project import Project
from leoflow_compiler.project.bundle import MAX_BYTES, MAX_FILES
from leoflow_compiler.project.records import CONFIG_FILE, LOCK_FILE
from leoflow_runtime.oci.records import Descriptor

_IN_IMAGE = f"{layout.CODE}/"


def source_bundle(project: Project) -> bytes:
    """The project's files as tar+gzip, with what it is rebuilt from, even where that is excluded.

    The same files give the same bytes. Raises OSError.
    """
    entries: dict[str, Entry] = dict(project.files)
    for name in (CONFIG_FILE, LOCK_FILE):
        if (project.root / name).is_file():
            entries[name] = project.root / name
    with tempfile.TemporaryDirectory(prefix="leoflow-source-") as folder:
        file = Path(folder, "source.tar.gz")
        pack("source", entries, file, time=epoch())
        return file.read_bytes()


def source_of(image: Image) -> Descriptor | None:
    """The code layer of an image, which every platform shares: the project's files as they run."""
    found = [layer for layer in image.platforms[0].layers if layer.name == "code"]
    return found[0].descriptor if found else None


def unpack_source(data: bytes, folder: Path) -> int:
    """Unpacks a bundle that anybody may have made into an existing folder; gives the number of files.

    Of a code layer, the folders are left out in which it lies in the image. Raises ImageError for what leads
    out of the folder, is no file, or is larger than a project may be.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            count, size = 0, 0
            for member in tar:
                if not (member.isreg() or member.isdir()):
                    raise ImageError(f"the source holds {member.name[:100]!r}, which is no file")
                count, size = count + 1, size + member.size
                if count > 2 * MAX_FILES or size > MAX_BYTES:
                    raise ImageError("the source is larger than a project may be")
                path = (member.name + "/" if member.isdir() else member.name).removeprefix(_IN_IMAGE)
                if path and not _IN_IMAGE.startswith(path):
                    tar.extract(member.replace(name=path.rstrip("/"), deep=False), folder, filter="data")
            return sum(path.is_file() for path in folder.rglob("*"))
    except (tarfile.TarError, EOFError) as error:
        raise ImageError(f"the source cannot be unpacked: {error}") from error
