"""Pages of the web, on real sockets: who may be asked, what is read, and every way around both."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.action import Actor
from schemas.assistant import Tools, Web
from schemas.errors import NotFetched
from schemas.settings import Home
from serve.actions.beside.built_in import Beside
from serve.actions.beside.fetching import Fetching
from serve.actions.beside.hosts import Hosts, is_public
from serve.actions.beside.pages import text_of
from serve.actions.providers import Lent


def page(body: bytes = b"<p>Hello", kind: str = "text/html", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Site:
    """A web server that answers by path; ``asked`` are the heads of what reached it."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.port = 0
        self.hang = False

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            if self.hang:
                await asyncio.sleep(60)
            writer.write(self.pages.get(head.split(" ")[1], page(status="404 Not Found")))
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


class Names:
    """A resolver whose answers are told, one after the other."""

    def __init__(self, **known: list[list[str]]) -> None:
        self.known = {name.replace("_", "."): answers for name, answers in known.items()}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        answers = self.known.get(host)
        if answers is None:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]


async def fetch(url: str, hosts: Hosts, **limits: float) -> str:
    web = Web(hosts=("x.test",), **limits)
    made = Fetching(web, hosts)
    return (await made.call(Lent("FetchPage", {"url": url}, Actor(id="u"), "a"))).text


def open_to(site: Site, *more: str, **known: list[list[str]]) -> Hosts:
    """Hosts that may be at any address, this machine's own too."""
    names = Names(**{"a_test": [["127.0.0.1"]], "b_test": [["127.0.0.1"]], **known})
    return Hosts((f"http://a.test:{site.port}", *more), names, lambda _: True)


async def test_a_page_is_read_as_text(site: Site) -> None:
    site.pages["/x?q=1"] = page(b"<title>T</title><script>no</script><p>One &amp; <b>two</b><!-- no --><ul><li>three</ul>")
    assert await fetch(f"http://a.test:{site.port}/x?q=1#part", open_to(site)) == "T\nOne & two\nthree"
    (head,) = site.asked
    assert f"Host: a.test:{site.port}" in head.title().replace("Host: A.Test", "Host: a.test")
    assert "cookie" not in head.lower()
    assert "authorization" not in head.lower()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (page(b"\x00\x01", "application/octet-stream"), "not text"),
        (page(b"x" * 2000, "text/plain"), "over 1000 bytes"),
        (page(status="500 Oops"), "answered 500"),
        (page(content_encoding="gzip"), "packed"),
        (page(status="302 Found", location="http://b.test/"), "not fetched"),
        (page(status="302 Found", location="http://a.test:1/"), "not fetched"),
        (page(status="302 Found", location="file:///etc/passwd"), "not fetched"),
        (page(status="302 Found", location="/x"), "moved more than"),
        (b"nonsense\r\n\r\n", "did not come"),
        (b"", "did not come"),
    ],
)
async def test_what_is_no_page_is_told(site: Site, answer: bytes, told: str) -> None:
    site.pages["/x"] = answer
    with pytest.raises(NotFetched, match=told):
        await fetch(f"http://a.test:{site.port}/x", open_to(site), bytes=1000)


async def test_a_page_that_moved_within_the_list_is_read(site: Site) -> None:
    site.pages |= {"/x": page(status="301 Moved", location="y"), "/y": page(b"there", "text/plain")}
    assert await fetch(f"http://a.test:{site.port}/x", open_to(site)) == "there"


async def test_a_page_that_does_not_come_ends_in_time(site: Site) -> None:
    site.hang = True
    with pytest.raises(NotFetched, match=r"within 0\.2 s"):
        await fetch(f"http://a.test:{site.port}/", open_to(site), timeout_s=0.2)


@pytest.mark.parametrize(
    "url",
    [
        "http://b.test/",
        "https://a.test/",
        "http://a.test/",
        "http://u:p@a.test:{port}/",
        "http://127.0.0.1:{port}/",
        "ftp://a.test/",
        "//a.test/",
        "a.test",
        "http://a.test:{port}.evil.test/",
        "http://[::1]:{port}/",
        "http://a.test:99999/",
        "\x00",
    ],
)
async def test_only_what_is_listed_is_asked(site: Site, url: str) -> None:
    with pytest.raises(NotFetched):
        await fetch(url.replace("{port}", str(site.port)), open_to(site))
    assert site.asked == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%eth0", "0.0.0.0"]
)
async def test_a_listed_name_at_a_private_address_is_never_connected_to(site: Site, address: str) -> None:
    hosts = Hosts((f"http://a.test:{site.port}",), Names(a_test=[["93.184.216.34", address]]))
    with pytest.raises(NotFetched, match="public internet"):
        await fetch(f"http://a.test:{site.port}/", hosts)
    assert site.asked == []


async def test_a_name_that_changes_its_meaning_changes_nothing(site: Site) -> None:
    """The connection goes to the address that was checked; every hop is checked anew."""
    site.pages["/x"] = page(status="302 Found", location="/y")
    allowed = ip_address("127.0.0.1")
    names = Names(a_test=[["127.0.0.1"], ["127.0.0.2"]])
    hosts = Hosts((f"http://a.test:{site.port}",), names, lambda each: each == allowed)
    with pytest.raises(NotFetched, match="public internet"):
        await fetch(f"http://a.test:{site.port}/x", hosts)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("192.168.1.1", "100.64.0.1", "172.16.0.1", "224.0.0.1", "255.255.255.255", "fc00::1", "ff02::1", "::"),
        *("2002:7f00:1::", "64:ff9b::7f00:1", "::ffff:10.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1", "fec0::1"),
        *("2001:db8::1", "::127.0.0.1"),
    ],
)
def test_addresses_that_are_not_of_the_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of a.test, signed by itself."""
    made = tmp_path / "a.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=a.test", "-addext", "subjectAltName=DNS:a.test"]
    subprocess.run([*command, *names, "-keyout", made, "-out", tmp_path / "cert"], check=True, capture_output=True)
    made.write_text(made.read_text() + (tmp_path / "cert").read_text())
    return made


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
async def test_the_certificate_is_the_names_and_not_the_addresss(certificate: Path) -> None:
    site = Site()
    site.pages["/"] = page(b"in secret", "text/plain")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    hosts = open_to(site, f"a.test:{site.port}", f"b.test:{site.port}")
    trusting = Fetching(Web(hosts=("x.test",)), hosts, ssl.create_default_context(cafile=str(certificate)))

    async def read(made: Fetching, host: str) -> str:
        return (await made.call(Lent("FetchPage", {"url": f"https://{host}:{site.port}/"}, Actor(id="u"), "a"))).text

    assert await read(trusting, "a.test") == "in secret"
    for made, host in ((trusting, "b.test"), (Fetching(Web(), hosts), "a.test")):
        with pytest.raises(NotFetched, match="ConnectError"):
            await read(made, host)
    server.close()


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.text() | st.text(alphabet="<>/!-pscritle &;\"'= \n"))
def test_any_text_is_read_without_an_error(html: str) -> None:
    text = text_of(html)
    assert "\n\n" not in text
    assert text_of(f"<script>{html.replace('</', '')}</script>") == ""


@pytest.mark.parametrize("part", ["<!--", "<a ", "<script>", "</", "<![", "<p", "&#", "<svg><"])
def test_a_page_of_open_tags_takes_no_longer(part: str) -> None:
    assert len(text_of(part * 100_000)) <= 400_000


def test_it_is_off_until_a_host_is_listed(tmp_path: Path) -> None:
    beside = Beside(Home(tmp_path))
    names = {provider.name for provider in beside.wanted(Tools())}
    assert names == {"reminders", "notes", "calculator"}
    (web,) = (each for each in beside.wanted(Tools(web=Web(hosts=("example.org",)))) if each.name == "web")
    (lent,) = web.tools()
    assert (lent.name, lent.risk, lent.trusted) == ("FetchPage", "write", False)
    assert beside.wanted(Tools(reminders=False, notes=False, calculator=False)) == []
    beside._database.close()


@pytest.mark.parametrize("host", ["*.example.org", "example.org/path", "user@example.org", "file:///etc", ""])
def test_a_host_is_a_plain_name(host: str) -> None:
    with pytest.raises(ValueError, match="hosts"):
        Web(hosts=(host,))
