"""The two secret keys, kept in a file where no environment variable gives them."""

import os
import secrets
import tempfile
from pathlib import Path

from dotenv import dotenv_values

NAMES = ("SECRET_KEY", "JWT_SIGNING_KEY")


def read_or_make(path: Path) -> dict[str, str]:
    """The keys in the file, made first where there is none.

    Processes that start together end up with the same keys: each writes a file of its own and links it to the
    name, and linking fails for all but the first. Where the file neither is nor can be made, or is something else,
    there are no keys, and the check of the keys says so.
    """
    if not path.exists():
        try:
            _make(path)
        except OSError:
            return {}
    try:
        kept = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: value for name, value in kept.items() if name in NAMES and value}


def _make(path: Path) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # readable by its owner only
    try:
        with os.fdopen(handle, "w") as file:
            file.writelines(f"{name}={secrets.token_urlsafe(48)}\n" for name in NAMES)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its keys are the keys
    finally:
        os.unlink(draft)
