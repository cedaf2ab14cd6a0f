"""What is a host, an origin, a URL: the judges behind mentorship/environment.py. Pure functions."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

_LABEL = r"\w([\w-]{0,61}\w)?"
_NAME = re.compile(rf"({_LABEL}\.)*(?![0-9]+\.?$){_LABEL}\.?")  # four numbers are an IP address, or a mistake


def is_host(text: str) -> bool:
    """A name, also one of containers or in letters beyond ASCII, or an IP address; no port."""
    try:
        return bool(ip_address(text))
    except ValueError:
        return len(text) < 255 and bool(_NAME.fullmatch(text))


def is_served_host(text: str) -> bool:
    """What Django compares the Host header with: `example.com`, `.example.com` for all below it too, `[::1]`, `*`."""
    if text.startswith("[") and text.endswith("]"):
        return ":" in text and is_host(text[1:-1])
    return text == "*" or text.isascii() and ":" not in text and is_host(text.removeprefix("."))


def split(text: str, *schemes: str) -> SplitResult | None:
    """The URL's parts; None where it has none of the schemes, no host that could be one, or a wrong port."""
    try:
        parts = urlsplit(text)
        fits = not re.search(r"\s", text) and text.startswith(tuple(f"{scheme}://" for scheme in schemes))
        return parts if fits and parts.port != 0 and is_host(parts.hostname or "") else None
    except ValueError:  # of a port or an IPv6 address
        return None


def is_origin(text: str, with_any_subdomain: bool = False) -> bool:
    """`https://example.com`, as browsers write it; with a wildcard as Django understands it, `https://*.example.com`."""
    parts = split(text.replace("://*.", "://", 1) if with_any_subdomain else text, "http", "https")
    return bool(parts) and text.isascii() and "@" not in text and parts.geturl() == f"{parts.scheme}://{parts.netloc}"


def is_page(text: str) -> bool:
    """A URL to which parameters can be added: without an account, a query or a fragment."""
    return bool(split(text, "http", "https")) and not re.search("[?#@]", text)


def is_endpoint(text: str) -> bool:
    """A URL that is called: it may have a query and an account."""
    return bool(split(text, "http", "https")) and "#" not in text


def is_redis(text: str) -> bool:
    """`redis://[[user]:password@]host[:port][/number]`, `rediss://…` or `unix://…`."""
    if text.startswith("unix://"):
        return not re.search(r"\s", text)
    parts = split(text, "redis", "rediss")
    return bool(parts) and bool(re.fullmatch(r"(/[0-9]*)?", parts.path))


def is_for_libpq(text: str) -> bool:
    """A folder of sockets, or one or more hosts, by commas."""
    return text.startswith("/") or all(map(is_host, text.split(",")))
