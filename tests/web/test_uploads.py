"""Routes of uploads: who may send and remove, what everybody may fetch, and what another site cannot do."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from PIL import Image

from components.pictures.uploads import LARGEST_BYTES, LIFE_S, MOST_OF_A_VISITOR, NO_ADDRESS, NO_PICTURE, TOO_LARGE, Uploads
from components.playground.visits import COOKIE
from components.views.models.facts import upload_control
from components.web.guard import Guard
from components.web.uploads import HEADER, NOT_FROM_PAGE, upload_routes
from tests.conftest import serve
from tests.jobs.scripted_upstream import png

ANN = {"Cookie": f"{COOKIE}=ann-of-these-tests-0123456789", HEADER: "1"}
BOB = {"Cookie": f"{COOKIE}=bob-of-these-tests-0123456789", HEADER: "1"}
PUBLIC = "https://page.example"


HERE = "http://127.0.0.1:1"


class Page:
    """A running server with the upload routes alone, and its folder."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def send(self, data: bytes, headers: dict[str, str] = ANN) -> httpx2.Response:
        return httpx2.post(f"{self.url}/uploads", content=data, headers=headers, trust_env=False, verify=False, timeout=30)

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> httpx2.Response:
        return httpx2.request(method, self.url + path, headers=headers, trust_env=False, verify=False, timeout=30)

    def upload(self, data: bytes = b"") -> str:
        """The path of a new upload of Ann's."""
        return urlsplit(self.send(data or png(3, 2)).json()["url"]).path

    @property
    def stored_files(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if path.is_file()]


def running(folder: Path, address: str) -> Iterator[Page]:
    app = FastAPI(openapi_url=None)
    app.add_middleware(Guard)
    app.include_router(upload_routes(Uploads(folder, address, HERE)))
    with serve(app) as url:
        yield Page(url, folder)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    yield from running(tmp_path / "uploads", PUBLIC)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_an_upload_is_served_to_whoever_has_its_address(page: Page, form: str) -> None:
    """The service has no cookie. It comes as what it is, is not sniffed, not kept by caches, and runs nothing."""
    data = png(30, 20, form=form)

    answer = page.send(data)
    reply = answer.json()
    fetched = page.ask(urlsplit(reply["url"]).path)

    assert (answer.status_code, reply | {"url": ""}) == (201, {"url": "", "width": 30, "height": 20, "expires_in_s": LIFE_S})
    assert re.fullmatch(rf"{PUBLIC}/uploads/[\w-]{{65}}\.{form.lower()}", reply["url"])
    assert (fetched.status_code, Image.open(io.BytesIO(fetched.content)).size) == (200, (30, 20))
    assert fetched.headers["content-type"] == f"image/{form.lower()}"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["cache-control"] == "no-store"
    assert {"default-src 'none'", "sandbox"} <= {
        part.strip() for part in fetched.headers["content-security-policy"].split(";")
    }
    looked = page.ask(urlsplit(reply["url"]).path, "HEAD")
    assert (looked.status_code, looked.content, looked.headers["content-length"]) == (200, b"", str(len(fetched.content)))


def test_a_file_that_is_not_a_picture_is_refused_in_a_sentence(page: Page) -> None:
    """Whatever the request calls it."""
    for data in (
        b"hello",
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        png(3, 2) + b"<script>",
    ):
        answer = page.send(data, ANN | {"Content-Type": "image/png"})
        assert (answer.status_code, answer.json()) == (400, {"detail": NO_PICTURE})
    assert page.stored_files == []


def test_a_photograph_that_is_also_a_script_is_only_ever_a_picture(page: Page) -> None:
    """A script may hide inside of any picture; the headers see to it that none runs."""
    fetched = page.ask(page.upload(png(3, 2, form="JPEG") + b"<script>alert(1)</script>"))

    assert fetched.headers["content-type"] == "image/jpeg"
    assert fetched.headers["x-content-type-options"] == "nosniff"


def test_only_the_page_itself_uploads_and_removes(page: Page) -> None:
    """A form on another site can send the cookie, but no header of its own."""
    path = page.upload()
    refused = [{}, {HEADER: "1"}, {"Cookie": ANN["Cookie"]}, ANN | {"Cookie": f"{COOKIE}=short"}]
    for headers in refused:
        answer = page.send(png(3, 2), headers)
        assert (answer.status_code, answer.json()) == (403, {"detail": NOT_FROM_PAGE}), headers
        assert page.ask(path, "DELETE", headers).status_code == 403
    assert len(page.stored_files) == 1
    assert page.send(png(3, 2), ANN | {"Sec-Fetch-Site": "same-origin"}).status_code == 201


def test_another_site_gets_no_permission_to_send_the_header(page: Page) -> None:
    """Without leave a browser sends no header of another site's."""
    asking = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": HEADER,
    }

    answer = page.ask("/uploads", "OPTIONS", asking)

    assert not answer.is_success
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_upload_is_removed_by_its_own_visitor_only(page: Page) -> None:
    """To anybody else it is as if there were none."""
    path = page.upload()
    foreign, unknown = page.ask(path, "DELETE", BOB), page.ask("/uploads/" + "x" * 65 + ".png", "DELETE", BOB)

    assert (foreign.status_code, foreign.json()) == (unknown.status_code, unknown.json())
    assert foreign.status_code == 404
    assert page.ask(path).status_code == 200
    assert page.ask(path, "DELETE", ANN).status_code == 204
    assert (page.ask(path).status_code, page.stored_files) == (404, [])
    assert page.ask(path, "DELETE", ANN).status_code == 404


def test_an_expired_upload_is_not_found(page: Page) -> None:
    """Also before it is deleted."""
    path = page.upload()
    (file,) = page.stored_files
    os.utime(file, (time.time() - LIFE_S - 1,) * 2)

    assert page.ask(path).status_code == 404
    assert page.ask(path, "DELETE", ANN).status_code == 404


def test_every_other_name_is_not_found(page: Page) -> None:
    """Nor is a file of another name in the folder or beside it."""
    for folder in (page.folder, page.folder.parent):
        (folder / "secret.png").write_bytes(b"secret")
    dots = ("..%2fsecret.png", "%2e%2e/secret.png", "..%5csecret.png")
    for name in ("nothing", "secret.png", *dots, "%00", "%2fetc%2fpasswd", "", "x" * 65 + ".png%0a"):
        answer = page.ask(f"/uploads/{name}")
        assert answer.status_code in (404, 405, 307), name
        assert "secret" not in answer.text
        assert page.ask(f"/uploads/{name}", "DELETE", ANN).status_code in (404, 405, 307), name
    assert (page.folder.parent / "secret.png").exists()


def test_a_body_that_announces_too_many_bytes_is_not_read(page: Page) -> None:
    """30 MB: the answer is there before a byte of it is sent."""
    connection = http.client.HTTPConnection(urlsplit(page.url).netloc, timeout=30)
    connection.putrequest("POST", "/uploads")
    for name, value in (ANN | {"Content-Length": "30000000"}).items():
        connection.putheader(name, value)
    connection.endheaders()

    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())) == (413, {"detail": TOO_LARGE})
    connection.close()


def test_a_body_without_a_length_is_read_up_to_the_limit(page: Page) -> None:
    """30 MB in pieces: the answer comes, and the connection ends, long before the last."""
    host, port = urlsplit(page.url).netloc.split(":")
    head = "".join(f"{name}: {value}\r\n" for name, value in ANN.items())
    piece = b"10000\r\n" + b"\0" * 65_536 + b"\r\n"
    sent = 0
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(f"POST /uploads HTTP/1.1\r\nHost: {host}\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with suppress(ConnectionError):
            while sent < 30_000_000 and not select.select([line], [], [], 0)[0]:
                line.sendall(piece)
                sent += 65_536

    assert LARGEST_BYTES < sent < 2 * LARGEST_BYTES
    assert page.stored_files == []


def test_a_visitor_can_have_only_so_many_uploads(page: Page) -> None:
    """It says what to do."""
    for _ in range(MOST_OF_A_VISITOR):
        page.upload()

    answer = page.send(png(3, 2))

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"You already have {MOST_OF_A_VISITOR} uploads here. Remove one")
    assert page.send(png(3, 2), BOB).status_code == 201


def test_an_upload_that_cannot_be_stored_is_the_servers_fault(page: Page) -> None:
    page.folder.rmdir()

    answer = page.send(png(3, 2))

    assert (answer.status_code, list(answer.json())) == (503, ["detail"])
    assert str(page.folder) not in answer.text


def test_without_a_public_address_uploads_are_for_the_sandbox_alone(tmp_path: Path) -> None:
    """It fetches them from this process. For the service the field says why there are none."""
    for page in running(tmp_path / "uploads", ""):
        answer = page.send(png(3, 2))
        assert answer.json()["url"].startswith(f"{HERE}/uploads/")
    control = upload_control(NO_ADDRESS, many=True)
    assert (NO_ADDRESS in control, "sandbox-only" in control) == (True, True)


def test_a_field_for_one_picture_accepts_one() -> None:
    """And only the formats that are accepted."""
    one, many = upload_control("", many=False), upload_control("", many=True)

    assert ("multiple" in one, "multiple" in many) == (False, True)
    assert 'accept="image/png,image/jpeg,image/webp"' in one
    assert "10 MB" in one
