"""Who may be asked for a page: hosts that the assistant's file lists, at addresses of the public internet.

The name is resolved once, every address that it has is checked, and the connection goes to a checked address: a name that
changes its meaning in between (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from schemas.errors import NotFetched

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_GLOBAL = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Place:
    """Where a page is asked for: ``address`` was checked, ``host`` is what the page's server is called."""

    url: httpx.URL
    address: str

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def at(self) -> httpx.URL:
        """The same page at the address that was checked."""
        return self.url.copy_with(host=self.address)

    @property
    def header(self) -> str:
        return self.url.netloc.decode("ascii")


def is_public(address: Address) -> bool:
    """Whether ``address`` is one of the internet, whichever way it is written."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if (inner is not None and not is_public(inner)) or (address not in _GLOBAL and address not in _NAT64):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


async def resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Hosts:
    """``listed`` are ``host``, ``host:port`` (https), or ``http://host[:port]`` where the page comes in the clear."""

    def __init__(
        self, listed: Sequence[str], resolve: Resolve = resolved, allowed: Callable[[Address], bool] = is_public
    ) -> None:
        self._origins = {_origin(httpx.URL(each if "://" in each else f"https://{each}")) for each in listed}
        self._resolve = resolve
        self._allowed = allowed

    async def place(self, text: str | httpx.URL) -> Place:
        """Raises NotFetched for what nobody may get from here; nothing was sent then but a question for a name."""
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, TypeError, ValueError):
            raise NotFetched("this is no address of a page", where="url") from None
        if url.scheme not in ("http", "https") or url.userinfo or _origin(url) not in self._origins:
            raise NotFetched(
                "pages of this host are not fetched", where="url", hint="Only hosts that the assistant lists are asked."
            )
        try:
            found = [ip_address(each.partition("%")[0]) for each in await self._resolve(url.host, _port(url))]
        except (OSError, ValueError):
            raise NotFetched("this host has no address", where="url") from None
        if not found or not all(self._allowed(each) for each in found):
            raise NotFetched("this host is not on the public internet", where="url")
        return Place(url.copy_with(fragment=None), str(found[0]))


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host.lower().rstrip("."), _port(url)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
