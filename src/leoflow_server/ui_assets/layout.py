"""What is fetched, and where it lies afterwards."""

from __future__ import annotations

from pathlib import Path

PACKAGE = "apache-airflow-core"
VERSION = "3.2.2"
WHEEL = f"apache_airflow_core-{VERSION}-py3-none-any.whl"
SHA256 = "877be429d59193b5e9aab1ae69f44066134bf483c633e9f7c59a9220ebfcc013"

MAIN_FOLDER = "main"
LOGIN_FOLDER = "login"
SPEC_FOLDER = "openapi"
LICENCE_FOLDER = "licences"
COMPLETE = "COMPLETE"  # written last; holds the wheel's sha256

# Prefix in the wheel -> folder.
_FASTAPI = "airflow/api_fastapi/"
PREFIXES = {
    "airflow/ui/dist/": MAIN_FOLDER,
    f"{_FASTAPI}auth/managers/simple/ui/dist/": LOGIN_FOLDER,
    f"{_FASTAPI}core_api/openapi/v2-rest-api-generated.yaml": SPEC_FOLDER,
    f"{_FASTAPI}core_api/openapi/_private_ui.yaml": SPEC_FOLDER,
    f"apache_airflow_core-{VERSION}.dist-info/licenses/": LICENCE_FOLDER,
}


def ui_folder(ui_dir: Path) -> Path:
    """Where this release of the UI lies below `ui_dir` (`<LEOFLOW_HOME>/ui`)."""
    return ui_dir / f"airflow-{VERSION}"


def installed(ui_dir: Path) -> bool:
    """Whether the UI is there, whole, and the one that this release of Leoflow speaks to."""
    try:
        return (ui_folder(ui_dir) / COMPLETE).read_text("utf-8").strip() == SHA256
    except (OSError, UnicodeDecodeError):
        return False


def place_of(name: str) -> str | None:
    """Where a member of the wheel goes, relative to the UI's folder; None: nowhere."""
    for prefix, folder in PREFIXES.items():
        if name == prefix:
            return f"{folder}/{name.rpartition('/')[2]}"
        if prefix.endswith("/") and name.startswith(prefix) and not name.endswith("/"):
            return f"{folder}/{name[len(prefix) :]}"
    return None
