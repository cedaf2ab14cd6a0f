"""Fields that take what they say and nothing that looks like it: a text is a text, true is true, an id is ASCII digits."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

BIGGEST_ID = 2**63 - 1


class TextField(serializers.CharField):
    """A JSON string, taken as it is, not trimmed."""

    def __init__(self, **options):
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NormalisedField(TextField):
    """A text that is taken in the form that `normalise` gives it. One that is too long is left as it is, to be refused for its
    length: normalising can cost its length squared.
    """

    def normalise(self, text: str) -> str:
        raise NotImplementedError

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        return self.normalise(text) if len(text) <= self.max_length else text


class EmailField(TextField, serializers.EmailField):
    pass


class TruthField(serializers.BooleanField):
    """A JSON true or false."""

    def to_internal_value(self, data):
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


def whole(data) -> int | None:
    """The whole number that a JSON value is (5 and 5.0 are one number); None where it is none."""
    if isinstance(data, float) and data.is_integer():
        return int(data)
    return data if type(data) is int else None


class WholeField(serializers.IntegerField):
    """A JSON whole number."""

    def to_internal_value(self, data):
        if (value := whole(data)) is None:
            self.fail("invalid")
        return value


def parse_id(text: str) -> int | None:
    """The id in a path or parameter; None where it is not ASCII digits or no row could have it."""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= BIGGEST_ID:
        return int(text)
    return None


@extend_schema_field({"type": "integer", "format": "int64", "minimum": 0, "maximum": BIGGEST_ID})
class IdParameter(serializers.Field):
    default_error_messages = {"invalid": _("Give an id: digits 0 to 9, at most 9223372036854775807.")}

    def to_internal_value(self, data: str) -> int:
        if (value := parse_id(data)) is None:
            self.fail("invalid")
        return value


@extend_schema_field({"type": "boolean"})
class FlagParameter(serializers.Field):
    default_error_messages = {"invalid": _("Give true or false.")}
    VALUES = {"true": True, "1": True, "false": False, "0": False}

    def to_internal_value(self, data: str) -> bool:
        if data.lower() not in self.VALUES:
            self.fail("invalid")
        return self.VALUES[data.lower()]


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 1000})
class SizeParameter(serializers.Field):
    """How many rows a page has."""

    default_error_messages = {"invalid": _("Give a whole number from 1 to {most}.")}

    MOST = 1000

    def to_internal_value(self, data: str) -> int:
        value = parse_id(data)
        if not value or value > self.MOST:
            self.fail("invalid", most=self.MOST)
        return value


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": 100})
class SmallSizeParameter(SizeParameter):
    MOST = 100


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": BIGGEST_ID})
class PageParameter(SizeParameter):
    """Which page."""

    MOST = BIGGEST_ID
