"""Web addresses in feeds: kept only where a person may follow them."""

from __future__ import annotations

from urllib.parse import urlsplit

MAX_URL = 2_000


def is_web(url: str) -> bool:
    """Return whether `url` is an http or https address with a host, and without a user's name or blanks."""
    if len(url) > MAX_URL or url.split() != [url]:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc
