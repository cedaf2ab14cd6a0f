"""The one door for input: a JSON object, strictly read."""

import json
import math

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

DEEPEST = 32


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too large.")


class StrictJSONParser(BaseParser):
    """A JSON object (RFC 8259) in UTF-8 of at most MAX_BODY bytes and DEEPEST levels.

    Refused beyond malformed JSON: numbers that are not finite, NUL, lone surrogates (in keys too), which databases
    and UTF-8 cannot hold. Raises ParseError (400) and TooLarge (413).
    """

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None) -> dict:
        body = stream.read(settings.MAX_BODY + 1)
        if len(body) > settings.MAX_BODY:
            raise TooLarge()
        try:
            value = json.loads(body.decode(), parse_constant=_not_finite)
        except (ValueError, RecursionError):  # ValueError: not UTF-8, not JSON, a number of too many digits
            raise ParseError(_("The body is not valid JSON.")) from None
        if not isinstance(value, dict):
            raise ParseError(_("The body must be a JSON object."))
        _look_through(value)
        return value


def _not_finite(constant: str):
    raise ValueError(constant)


def _look_through(value) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ParseError(_("The body is nested too deeply."))
        inner = []
        for item in level:
            if isinstance(item, dict):
                inner += [*item, *item.values()]
            elif isinstance(item, list):
                inner += item
            elif isinstance(item, str):
                _look_at_text(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise ParseError(_("A number in the body is too large."))
        level = inner


def _look_at_text(text: str) -> None:
    if "\0" in text or not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError(_("A text in the body holds a character that cannot be stored."))
