"""Where clients come from, as a proxy would name it."""

import itertools
from ipaddress import IPv4Address

_numbers = itertools.count(1)


def new_address() -> str:
    """Another one than any before, of sixteen million."""
    return str(IPv4Address("10.0.0.0") + next(_numbers))
