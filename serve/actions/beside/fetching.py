"""Pages of the web as text for the model: off unless the assistant's file lists hosts; what comes is never trusted.

GET alone, no cookies, no key of anybody, no proxy. Every redirect is checked like the first address. Bounded in bytes,
time and redirects, and only text is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

import httpx
from pydantic import Field

from schemas.assistant import Web
from schemas.conversation import FunctionSpec, Tool
from schemas.errors import ActionError, NotFetched
from serve.actions.arguments import Arguments, Text, parameters, read
from serve.actions.beside.hosts import Hosts, Place
from serve.actions.beside.pages import text_of
from serve.actions.providers import Lent, LentTool, Output

REDIRECTS = 3
_TEXTS = frozenset({"text/html", "application/xhtml+xml", "text/plain", "application/json", "text/markdown", "text/csv"})
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16", "shift_jis", "gb18030"})
_HEADERS = {"User-Agent": "rottie", "Accept": "text/html, text/plain, application/json", "Accept-Encoding": "identity"}


class Page(Arguments):
    url: Text = Field(description="Address of a page, with https://")


class Fetching:
    """A Provider. ``tls`` and ``hosts`` are for tests: the system's certificates, and the internet, by default."""

    name = "web"

    def __init__(self, web: Web, hosts: Hosts | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._web = web
        self._hosts = hosts or Hosts(web.hosts)
        self._tls = tls
        listed = ", ".join(host.removeprefix("http://") for host in web.hosts)
        description = f"Reads a page of the web, of these hosts: {listed}"
        function = FunctionSpec(name="FetchPage", description=description[:900], parameters=parameters(Page))
        # An address can carry words away: it is more than reading.
        self._lent = (
            LentTool(
                Tool(function=function), risk="write", timeout_s=web.timeout_s + 1, per_minute=web.per_minute, output=web.output
            ),
        )

    def tools(self) -> Sequence[LentTool]:
        return self._lent

    async def call(self, call: Lent) -> Output:
        wanted = read(Page, call.arguments, call.tool)
        assert isinstance(wanted, Page)
        try:
            async with asyncio.timeout(self._web.timeout_s):
                return Output(await self._fetch(wanted.url))
        except TimeoutError:
            raise NotFetched(f"the page did not come within {self._web.timeout_s:g} s", where="url") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise NotFetched(f"the page did not come ({type(error).__name__})", where="url") from None

    async def close(self) -> None:
        """Every page has a connection of its own."""

    async def _fetch(self, url: str) -> str:
        place = await self._hosts.place(url)
        verify = self._tls if self._tls is not None else True
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, verify=verify, headers=_HEADERS) as client:
            for _ in range(REDIRECTS + 1):
                found = await self._get(client, place)
                if isinstance(found, str):
                    return found
                place = await self._hosts.place(found)
        raise NotFetched(f"the page moved more than {REDIRECTS} times", where="url")

    async def _get(self, client: httpx.AsyncClient, place: Place) -> str | httpx.URL:
        """The text, or where the page moved to."""
        request = client.build_request("GET", place.at, headers={"Host": place.header}, extensions={"sni_hostname": place.host})
        reply = await client.send(request, stream=True)
        try:
            if reply.is_redirect:
                return place.url.join(reply.headers["location"])
            kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
            _refuse(reply, kind)
            body = bytearray()
            async for piece in reply.aiter_raw():
                body += piece
                if len(body) > self._web.bytes:
                    raise NotFetched(f"the page has over {self._web.bytes} bytes", where="url")
            text = bytes(body).decode(_charset(reply), "replace")
        finally:
            await reply.aclose()
        return await asyncio.to_thread(text_of, text) if "html" in kind else text


def _refuse(reply: httpx.Response, kind: str) -> None:
    problem: str | None = None
    if reply.status_code != 200:
        problem = f"the host answered {reply.status_code}"
    elif kind not in _TEXTS:
        problem = "the page is not text"
    elif reply.headers.get("content-encoding", "identity").lower() != "identity":
        problem = "the page came packed, which was not asked for"
    if problem:
        error: ActionError = NotFetched(problem, where="url")
        raise error


def _charset(reply: httpx.Response) -> str:
    named = (reply.charset_encoding or "utf-8").lower()
    return named if named in _CHARSETS else "utf-8"
