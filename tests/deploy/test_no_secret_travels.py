"""Secrets lie where developers have them; none is in image, artifact, documents, plan, cache or output."""

from __future__ import annotations

import base64
import json
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import Place
from tests.registry_server import RegistryServer

GITHUB = "ghp_" + "a1B2" * 9


class Planted:
    """Secrets with a name each, so that a failure says which one got out."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def secret(self, name: str) -> str:
        return self.values.setdefault(name, f"planted{uuid.uuid4().hex}")

    def file(self, path: Path, text: str) -> None:
        """A file with a secret of its own where `text` has {}."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(self.secret(str(path))))

    def leaked_in(self, data: bytes) -> list[str]:
        forms = {
            name: (value.encode(), base64.b64encode(f"alice:{value}".encode()))
            for name, value in self.values.items()
        }
        return [name for name, several in forms.items() if any(form in data for form in several)]


@pytest.fixture
def planted(place: Place, tmp_path: Path) -> Planted:
    """A project and a home folder as they are in real life."""
    planted, folder, home = Planted(), place.project("planted"), tmp_path / "home"
    planted.file(folder / ".env", "PASSWORD={}\n")
    planted.file(folder / ".env.production", "PASSWORD={}\n")
    planted.file(folder / ".venv" / "pyvenv.cfg", "index = https://alice:{}@pypi.example.com\n")
    planted.file(folder / "private" / "notes.txt", "the password is {}\n")
    (folder / ".leoflowignore").write_text("private/\n")
    remote = f"https://alice:{planted.secret('remote of git')}@git.example.com/x"
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    message = planted.secret("message of a commit")
    for command in (
        ["init", "--quiet"],
        ["config", "remote.origin.url", remote],
        [*author, "commit", "--quiet", "--allow-empty", "-m", message],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True, timeout=30)
    planted.file(home / ".netrc", "machine files.pythonhosted.org login alice password {}\n")
    planted.file(home / ".aws" / "credentials", "[default]\naws_secret_access_key = {}\n")
    planted.file(home / ".kube" / "config", "users: [{{user: {{token: {}}}}}]\n")
    planted.file(home / ".pypirc", "[pypi]\npassword = {}\n")
    planted.file(home / ".config" / "pip" / "pip.conf", "[global]\n# {}\n")
    login = base64.b64encode(f"alice:{planted.secret('login of a registry')}".encode()).decode()
    (home / ".docker").mkdir()
    auths = {place.registry: {"auth": login}, "registry.example.com": {"auth": login}}
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": auths}))
    return planted


def environment(planted: Planted, home: Path) -> dict[str, str]:
    cache = subprocess.run(["uv", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "HOME": str(home),
        "UV_CACHE_DIR": cache,
        "AWS_SECRET_ACCESS_KEY": planted.secret("variable of AWS"),
        "AIRFLOW_CONN_WAREHOUSE": f"postgres://alice:{planted.secret('connection of Airflow')}@db/x",
        "DATABASE_PASSWORD": planted.secret("any variable"),
    }


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder; what is packed is unpacked as well."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        yield str(file), file.read_bytes()
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                for member in archive:
                    stream = archive.extractfile(member) if member.isfile() else None
                    yield f"{file}!{member.name}", stream.read() if stream else member.name.encode()


def test_none_of_them_gets_out(
    place: Place, planted: Planted, registry: RegistryServer, layers: Path, tmp_path: Path
) -> None:
    environ = environment(planted, tmp_path / "home")
    compiled = place.leoflow("compile", "planted", **environ)
    kept = place.leoflow("deploy", "planted", "--plan", "the.plan", **environ)
    deployed = place.leoflow("deploy", "planted", "--json", LEOFLOW_DEBUG="1", **environ)

    said = "".join(done.out + done.err for done in (compiled, kept, deployed)).encode()
    assert planted.leaked_in(said) == []
    assert planted.leaked_in((place.folder / "the.plan").read_bytes()) == []
    looked_at = 0
    kept_here = [folder for folder in (place.folder / "planted" / ".leoflow",) if folder.is_dir()]
    for folder in (registry.folder, layers, *kept_here):
        for path, data in everything_in(folder):
            looked_at += 1
            assert (path, planted.leaked_in(data)) == (path, [])
    assert looked_at > 100  # the agent's files at least: the archives have been opened


def test_the_search_would_find_one(planted: Planted, tmp_path: Path) -> None:
    """A layer that held it, compressed as layers are."""
    (tmp_path / "blobs").mkdir()
    with tarfile.open(tmp_path / "blobs" / "data", "w:gz") as archive:
        archive.add(next(tmp_path.glob("work/planted/.env")), "opt/leoflow/dag/.env")
    found = [name for _, data in everything_in(tmp_path / "blobs") for name in planted.leaked_in(data)]
    assert [Path(name).name for name in found] == [".env"]


def test_a_secret_in_an_included_file_stops_the_deployment(place: Place, registry: RegistryServer) -> None:
    name = f"sales_{uuid.uuid4().hex[:8]}"
    folder = place.project(name)
    (folder / "query.sql").write_text(f"-- a query\n-- {GITHUB}\n")
    done = place.leoflow("deploy", name, check=False)
    assert done.status == 1
    assert "query.sql:2 holds a GitHub token" in done.err
    assert ".leoflowignore" in done.err
    assert GITHUB not in done.out + done.err
    assert not (registry.folder / "data/docker/registry/v2/repositories/dags" / name).exists()
    (folder / ".leoflowignore").write_text("query.sql\n")
    place.leoflow("deploy", name)


def test_what_only_a_dockerfile_can_copy_is_looked_at_too(
    place: Place, registry: RegistryServer, tmp_path: Path
) -> None:
    name = f"sales_{uuid.uuid4().hex[:8]}"
    build = "include_paths: [dag.py]\nbuild: {dockerfile: docker/Dockerfile, context: docker}\n"
    folder, planted = place.project(name, more=build), Planted()
    (folder / "docker").mkdir()
    (folder / "docker" / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    planted.file(folder / "docker" / ".env", "PASSWORD={}\n")
    planted.file(folder / "docker" / "private" / "notes.txt", "the password is {}\n")
    (folder / ".leoflowignore").write_text("docker/private/\n")
    (folder / "docker" / "settings.ini").write_text(f"[git]\ntoken = {GITHUB}\n")
    done = place.leoflow("deploy", name, "--builder", "buildah", check=False)
    assert (done.status, "docker/settings.ini:2 holds a GitHub token" in done.err) == (1, True), done.err
    assert GITHUB not in done.out + done.err
    assert not (registry.folder / "data/docker/registry/v2/repositories/dags" / name).exists()

    (folder / "docker" / "settings.ini").unlink()
    place.leoflow("build", name, "--context")
    context = dict(everything_in(folder / ".leoflow"))
    assert any(path.endswith("own/docker/Dockerfile") for path in context)
    assert [path for path, data in context.items() if planted.leaked_in(data)] == []
