"""A server's address in its parts, the key for it, and whether a proxy stands between."""

from __future__ import annotations

import os
import re
import urllib.request
from urllib.parse import SplitResult, urlsplit

from tokext.errors import InputError

#: Where a key is looked for, in this order; nowhere else.
KEY_VARIABLES = ("TOKEXT_API_KEY", "OPENAI_API_KEY")


def parted(url: str) -> SplitResult:
    """Scheme, host, port and path of an address.

    Raises:
        InputError: It is none.
    """
    # A password before an @ is not repeated.
    shown = f"an address that holds an @ before {url.rpartition('@')[2]!r}" if "@" in url else url
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise InputError(
            f"{shown!r} is no address.", hint="write it as http://host:port/v1."
        ) from error
    if not is_whole or not re.fullmatch(r"[!-~]*", parts.path):
        raise InputError(f"{shown!r} is no address.", hint="write it as http://host:port/v1.")
    return parts


def found_key() -> str:
    """The key that the environment holds, if any.

    Raises:
        InputError: No header can hold it; it is not repeated.
    """
    for name in KEY_VARIABLES:
        key = os.environ.get(name, "").strip()
        if not re.fullmatch(r"[!-~]*", key):
            raise InputError(
                f"the key in the environment variable {name} holds a space, a line feed, or "
                "another character that a key cannot have.",
                hint=f"put the key alone into {name}.",
            )
        if key:
            return key
    return ""


def proxied(host: str, scheme: str) -> bool:
    """Whether requests to a host go through the environment's proxy; one's own machine never."""
    if host in ("localhost", "::1") or host.startswith("127."):
        return False
    return scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
