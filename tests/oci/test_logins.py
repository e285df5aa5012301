"""Encrypted connections and token services, with a real registry that wants both."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from leoflow_runtime.oci import errors
from leoflow_runtime.oci.credentials import Credentials
from leoflow_runtime.oci.records import digest_of
from leoflow_runtime.oci.registry import Registry
from tests.registry_server import RegistryServer, registry_server

NAME = "registry.test"  # what the certificate is for; it is not this machine by name
REPOSITORY = "dags/locked"


@dataclass(frozen=True, slots=True)
class Certificate:
    file: Path
    key: Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"),
            *("-keyout", str(made.key), "-out", str(made.file)),
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return made


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """`registry.test` leads here."""
    real = socket.getaddrinfo

    def found(host: Any, *arguments: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host in (NAME, NAME.encode()) else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", found)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[RegistryServer]:
    http = {"tls": {"certificate": str(certificate.file), "key": str(certificate.key)}}
    with registry_server(tmp_path_factory.mktemp("encrypted"), http=http) as server:
        yield server


def host_of(server: RegistryServer) -> str:
    return f"{NAME}:{server.host.rpartition(':')[2]}"


@pytest.mark.usefixtures("names")
class TestTls:
    def test_a_certificate_that_nobody_vouches_for_ends_it(self, encrypted: RegistryServer) -> None:
        with (
            Registry(host_of(encrypted), wait=lambda _: None) as registry,
            pytest.raises(errors.Unreachable, match="certificate verify failed"),
        ):
            registry.push_bytes(REPOSITORY, b"data")

    def test_one_that_the_machine_trusts_serves(
        self, encrypted: RegistryServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        with Registry(host_of(encrypted)) as registry:
            assert registry.push_bytes(REPOSITORY, b"data")
            assert registry.has_blob(REPOSITORY, digest_of(b"data"))

    def test_plain_http_is_spoken_to_nobody_else(self, server: RegistryServer) -> None:
        host = host_of(server)
        with Registry(host, wait=lambda _: None) as registry, pytest.raises(errors.Unreachable):
            registry.push_bytes(REPOSITORY, b"data")
        with Registry(host, insecure=True) as registry:
            assert registry.push_bytes(REPOSITORY, b"asked for")


@dataclass
class TokenService:
    """Hands out tokens as distribution's specification says; `asked` is what was asked for."""

    certificate: Certificate
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, authorization, scope
    lifetime: int = 300
    url: str = ""

    def token(self, scope: str) -> str:
        access = []
        for one in scope.split():
            kind, name, actions = one.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        now = int(time.time())
        claims = {"iss": "tests", "aud": "registry", "iat": now, "nbf": now - 60, "exp": now + self.lifetime}
        der = ssl.PEM_cert_to_DER_cert(self.certificate.file.read_text())
        return jwt.encode(
            {**claims, "access": access, "jti": "1", "sub": "alice"},
            self.certificate.key.read_text(),
            algorithm="RS256",
            headers={"x5c": [base64.b64encode(der).decode()]},
        )


@pytest.fixture
def tokens(certificate: Certificate) -> Iterator[TokenService]:
    service = TokenService(certificate)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._answer(self.headers.get("Authorization", ""), query)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = parse_qs(body)
            self._answer(form["refresh_token"][0], form)

        def _answer(self, authorization: str, query: dict[str, list[str]]) -> None:
            scope = query["scope"][0]
            service.asked.append((self.command, authorization, scope))
            wrong = base64.b64encode(b"alice:wrong-pass-word").decode()
            is_wrong = wrong in authorization
            self.send_response(401 if is_wrong else 200)
            self.end_headers()
            if not is_wrong:
                self.wfile.write(json.dumps({"token": service.token(scope)}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        service.url = f"http://127.0.0.1:{http.server_port}/token"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield service
        http.shutdown()


@pytest.fixture
def with_tokens(tmp_path: Path, certificate: Certificate, tokens: TokenService) -> Iterator[RegistryServer]:
    settings = {
        "realm": tokens.url,
        "service": "registry",
        "issuer": "tests",
        "rootcertbundle": str(certificate.file),
    }
    with registry_server(tmp_path / "registry", auth={"token": settings}) as server:
        yield server


class TestTokens:
    def test_a_password_buys_a_token_for_what_is_to_be_done(
        self, with_tokens: RegistryServer, tokens: TokenService
    ) -> None:
        with Registry(with_tokens.host, credentials=Credentials("alice", "secret")) as registry:
            registry.push_bytes(REPOSITORY, b"data")
            registry.push_bytes(REPOSITORY, b"more")
            assert registry.has_blob(REPOSITORY, digest_of(b"data"))
            assert registry.mount_blob("dags/other", digest_of(b"data"), REPOSITORY)
        basic = "Basic " + base64.b64encode(b"alice:secret").decode()
        push, pull = f"repository:{REPOSITORY}:pull,push", f"repository:{REPOSITORY}:pull"
        other = "repository:dags/other:pull,push"
        # One for each purpose, however often it is used.
        assert tokens.asked == [
            ("GET", basic, pull),
            ("GET", basic, push),
            ("GET", basic, f"{other} {pull}"),
        ]

    def test_an_identity_token_is_exchanged(self, with_tokens: RegistryServer, tokens: TokenService) -> None:
        with Registry(with_tokens.host, credentials=Credentials(None, "identity")) as registry:
            assert not registry.has_blob(REPOSITORY, digest_of(b"data"))
        assert tokens.asked == [("POST", "identity", f"repository:{REPOSITORY}:pull")]

    def test_public_repositories_need_a_token_but_no_login(
        self, with_tokens: RegistryServer, tokens: TokenService
    ) -> None:
        with Registry(with_tokens.host) as registry:
            assert registry.tags(REPOSITORY) == []
        assert tokens.asked == [("GET", "", f"repository:{REPOSITORY}:pull")]

    def test_a_token_that_has_run_out_is_replaced(
        self, with_tokens: RegistryServer, tokens: TokenService
    ) -> None:
        tokens.lifetime = -120
        with Registry(with_tokens.host, credentials=Credentials("alice", "secret")) as registry:
            with pytest.raises(errors.Unauthorized):
                registry.tags(REPOSITORY)
            tokens.lifetime = 300
            assert registry.tags(REPOSITORY) == []

    def test_a_wrong_password_is_told_and_not_shown(self, with_tokens: RegistryServer) -> None:
        wrong = Credentials("alice", "wrong-pass-word")
        with Registry(with_tokens.host, credentials=wrong) as registry:
            with pytest.raises(errors.Unauthorized, match="does not accept the login") as caught:
                registry.tags(REPOSITORY)
        assert "wrong-pass-word" not in f"{caught.value.message} {caught.value.hint} {registry!r}"
