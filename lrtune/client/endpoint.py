"""Which server, and as whom: the URL and the token, from arguments, the environment, or ``lrtune login``."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from lrtune.client import credentials
from lrtune.client.errors import ArgumentError

DEFAULT_URL = "http://127.0.0.1:8765"


@dataclass(frozen=True)
class Endpoint:
    """A server's base URL, without a slash at its end, and the bearer token if there is one."""

    url: str
    token: str | None

    @classmethod
    def of(cls, url: str | None, token: str | None, environ: Mapping[str, str]) -> Endpoint:
        """From arguments, else LRTUNE_URL and LRTUNE_TOKEN, else what ``lrtune login`` kept, else the default
        URL and no token. A kept token goes to the server that it was kept for, and to no other.

        Raises:
            ArgumentError: The URL is no http(s) URL, or the token cannot stand in a header, or the file of
                ``lrtune login`` is damaged.
        """
        kept = credentials.read(environ)
        name = "LRTUNE_URL" if url is None else "url"
        text = (url if url is not None else environ.get("LRTUNE_URL") or kept.url or DEFAULT_URL).strip()
        address = _checked(name, text)
        token_name = "LRTUNE_TOKEN" if token is None else "token"
        token = token if token is not None else environ.get("LRTUNE_TOKEN") or kept.tokens.get(address, "")
        token = token.strip() or None
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise ArgumentError(token_name, "has characters that no token has.", "Copy it again, whole.")
        return cls(address, token)

    @property
    def loopback(self) -> bool:
        """Whether the server is on this machine, where a proxy can be of no use."""
        host = httpx.URL(self.url).host
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def _checked(name: str, text: str) -> str:
    remedy = f"Give a URL such as {DEFAULT_URL}."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise ArgumentError(name, f"{text!r} is not a URL.", remedy) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ArgumentError(name, f"{text!r} is not an http or https URL.", remedy)
    if url.userinfo or url.query or url.fragment:
        raise ArgumentError(
            name, f"{url.host}: has more than scheme, host, port and path.", f"{remedy} The token is apart."
        )
    return str(url).rstrip("/")
