"""Where messages may go: to addresses of the Internet, and to networks that the operator allows.

A member names the URL, and the server makes the call, so it must not reach what only the server can reach
(OWASP, Server-Side Request Forgery Prevention). A host's addresses are looked up once and checked, and the
call goes to the checked address: a name that means something else a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Sequence[str]]

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses behind which an IPv4 address is (RFC 6052)."""


class TargetError(ValueError):
    """The URL is none that messages go to: ``detail`` and ``remedy``."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


class Unresolved(OSError):  # noqa: N818 - reads as what happened
    """The host's name means nothing now."""


@dataclass(frozen=True)
class Target:
    """A checked place to send to.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The name in the URL: of the Host header and of the certificate.
        port: Where it listens.
        address: Where the call goes.
        path: Path and query.
    """

    scheme: str
    host: str
    port: int
    address: Address
    path: str

    @property
    def url(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = {"http": 80, "https": 443}[self.scheme]
        return host if self.port == default else f"{host}:{self.port}"


def resolve(host: str, port: int) -> list[str]:
    """A host's addresses, as the system knows them.

    Raises:
        Unresolved: It knows none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unresolved(f"The host {host} cannot be found ({error}).") from None
    return [str(entry[4][0]) for entry in found]


def check(url: str, allowed: Sequence[Network], resolve: Resolve = resolve) -> Target:
    """Look a URL's host up, and make sure that all its addresses may be called.

    Raises:
        TargetError: The URL cannot be, or leads where it may not.
        Unresolved: The name means nothing now.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        raise TargetError("That is no URL.", "Give https://HOST/PATH.") from None
    host = parts.hostname or ""
    if not port or not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetError(
            "The URL must be http or https with a host, without a user name and without a fragment.",
            "Give https://HOST/PATH.",
        )
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(host, port)]
    if not addresses:
        raise Unresolved(f"The host {host} has no address.")
    for address in addresses:
        if not _may_be_called(address, allowed):
            raise TargetError(
                f"{host} is {address}, which is not an address of the Internet.",
                "Name a public host; the server's operator can allow networks with LRTUNE_WEBHOOK_NETWORKS.",
            )
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return Target(parts.scheme, host, port, addresses[0], path)


def _may_be_called(address: Address, allowed: Sequence[Network]) -> bool:
    inner = _inner(address)
    if any(inner.version == network.version and inner in network for network in allowed):
        return True
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
