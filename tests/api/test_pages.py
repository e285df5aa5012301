"""The UI's files as browsers get them, and `leoflow setup`, which puts them there."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from leoflow_server.ui_assets import SetupFailed, fetch, installed, layout
from leoflow_server.ui_assets.command import setup
from tests.api import openapi
from tests.api.server import Server


def test_without_the_ui_the_page_says_what_to_type(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        for path in ("/", "/dags/shop", "/auth/login"):
            reply = await server.client.get(path)
            assert reply.status_code == 200
            assert "leoflow setup" in reply.text
        assert (await server.client.get("/static/assets/index.js")).status_code == 404

    tell(story)


def test_with_the_ui_every_page_is_the_application(tell: Callable[..., None]) -> None:
    openapi.installed_ui()

    async def story(server: Server) -> None:
        for path, assets in (
            ("/", "./static/"),
            ("/dags/shop/runs/x", "./static/"),
            ("/auth/login", "./auth/static/"),
        ):
            reply = await server.client.get(path)
            assert '<base href="/" />' in reply.text
            assert assets in reply.text
            assert reply.headers["cache-control"] == "no-cache"
            assert reply.headers["x-frame-options"] == "SAMEORIGIN"

    tell(story, ui_dir=openapi.ui_dir())


def test_assets_are_packed_typed_and_kept(tell: Callable[..., None]) -> None:
    assets = openapi.installed_ui() / layout.MAIN_FOLDER / "assets"
    script = next(assets.glob("index-*.js"))

    async def story(server: Server) -> None:
        path = f"/static/assets/{script.name}"
        packed = await server.client.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < script.stat().st_size
        assert packed.headers["content-type"].startswith("text/javascript")
        assert "immutable" in packed.headers["cache-control"]
        assert packed.content == script.read_bytes()
        plain = await server.client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers

    tell(story, ui_dir=openapi.ui_dir())


@pytest.mark.parametrize("path", ["/static/../COMPLETE", "/static/%2e%2e/COMPLETE", "/static/..%2fCOMPLETE"])
def test_nothing_beside_the_assets_is_served(tell: Callable[..., None], path: str) -> None:
    async def story(server: Server) -> None:
        reply = await server.client.get(path)
        assert layout.SHA256 not in reply.text

    tell(story, ui_dir=openapi.ui_dir())


@pytest.mark.parametrize(
    "path", ["/api/v1/dags", "/api/v2/nothing", "/ui/nothing", "/execution/x", "/health"]
)
def test_what_is_no_page_is_a_404_in_json(tell: Callable[..., None], path: str) -> None:
    async def story(server: Server) -> None:
        reply = await server.client.get(path)
        assert reply.status_code == 404
        assert isinstance(reply.json()["detail"], str)

    tell(story)


def test_below_another_path_links_and_cookies_say_so(tell: Callable[..., None]) -> None:
    openapi.installed_ui()

    async def story(server: Server) -> None:
        assert '<base href="/team-a/" />' in (await server.client.get("/team-a/dags")).text
        assert (await server.client.get("/team-a/api/v2/version")).status_code == 200
        reply = await server.client.get("/team-a/api/v2/auth/login")
        assert reply.headers["location"] == "/team-a/auth/login"

    tell(story, ui_dir=openapi.ui_dir(), base_path="/team-a")


def test_the_module_that_the_build_lacks_is_no_missing_file(tell: Callable[..., None]) -> None:
    async def story(server: Server) -> None:
        assets = openapi.installed_ui() / layout.MAIN_FOLDER
        asked = "wasm/sqlparser_rs_wasm.js"
        assert not (assets / asked).exists()
        reply = await server.client.get(f"/static/{asked}")
        assert reply.headers["content-type"].startswith("text/javascript")

    tell(story, ui_dir=openapi.ui_dir())


def fake_wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("airflow/ui/dist/index.html", "<html>" + "x" * 2000)
        archive.writestr("airflow/ui/dist/assets/a.js", "let a = 1;" * 500)
        archive.writestr("airflow/api_fastapi/auth/managers/simple/ui/dist/index.html", "login")
        archive.writestr(f"apache_airflow_core-{layout.VERSION}.dist-info/licenses/NOTICE", "notice")
        archive.writestr("airflow/models/dag.py", "not wanted")
    return path


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_set_up_takes_what_the_ui_needs_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = fake_wheel(tmp_path / layout.WHEEL)
    monkeypatch.setattr("leoflow_server.ui_assets.fetching.SHA256", digest(wheel))
    monkeypatch.setattr("leoflow_server.ui_assets.layout.SHA256", digest(wheel))
    folder = fetch(tmp_path / "ui", wheel=wheel)
    found = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert found == [
        "COMPLETE",
        "licences/NOTICE",
        "login/index.html",
        "main/assets/a.js",
        "main/assets/a.js.gz",
        "main/index.html",
        "main/index.html.gz",
    ]
    packed = folder / "main/assets/a.js.gz"
    assert gzip.decompress(packed.read_bytes()) == (folder / "main/assets/a.js").read_bytes()
    assert installed(tmp_path / "ui")
    # Done is done: the wheel is not even looked at.
    assert fetch(tmp_path / "ui", wheel=tmp_path / "gone.whl") == folder


def test_another_file_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    wheel = fake_wheel(tmp_path / layout.WHEEL)
    with pytest.raises(SetupFailed, match=r"its sha256 is .*Nothing was installed"):
        fetch(tmp_path / "ui", wheel=wheel)
    assert list((tmp_path / "ui").iterdir()) == []


def test_offline_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setattr("leoflow_server.ui_assets.index._pip", lambda: None)
    reply = CliRunner().invoke(setup, ["--ui-dir", str(tmp_path / "ui")])
    assert reply.exit_code == 1
    assert "error: The UI could not be fetched: the package index at 127.0.0.1" in reply.output
    assert "--wheel" in reply.output
    assert "Traceback" not in reply.output


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "ui").write_text("a file")
    reply = CliRunner().invoke(setup, ["--ui-dir", str(tmp_path / "ui" / "below")])
    assert reply.exit_code == 1
    assert str(tmp_path / "ui") in reply.output
