"""Prices and categories as they come in and go out."""

import re
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from mentorship.api.fields import BIGGEST_ID, whole
from products.models import DIGITS, PLACES, Category

HIGHEST = Decimal(10**DIGITS - 1).scaleb(-PLACES)
MOST_CATEGORIES = 100  # of one product
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class PriceField(serializers.DecimalField):
    """A price, shown as a string with two places; taken as such a string or as a JSON number."""

    default_error_messages = {
        "invalid": _("Give a price: digits 0 to 9, with a point before the cents."),
        "negative": _("A price must not be negative."),
        "places": _("A price has at most two decimal places."),
        "highest": _("A price is at most {highest}."),
    }

    def __init__(self, **options):
        super().__init__(**{"max_digits": DIGITS, "decimal_places": PLACES, **options})

    def validate_empty_values(self, data):
        return serializers.Field.validate_empty_values(self, data)  # DRF's decimals take a blank for null

    def to_internal_value(self, data) -> Decimal:
        price = self._read(data)
        if price < 0:
            self.fail("negative")
        if price > HIGHEST:
            self.fail("highest", highest=HIGHEST)
        if -price.as_tuple().exponent > PLACES:
            self.fail("places")
        return abs(price.quantize(Decimal(1).scaleb(-PLACES)))  # abs: there is a -0

    def _read(self, data) -> Decimal:
        if isinstance(data, str) and len(data) <= self.MAX_STRING_LENGTH and _NUMBER.fullmatch(data):
            return Decimal(data)
        if isinstance(data, (int, float)) and not isinstance(data, bool):
            return Decimal(repr(data))  # a float is the number that it is written as
        self.fail("invalid")


@extend_schema_field(
    {"type": "array", "items": {"type": "integer", "format": "int64", "minimum": 1}, "uniqueItems": True, "maxItems": MOST_CATEGORIES}
)
class CategoriesField(serializers.Field):
    """The ids of categories, each once."""

    default_error_messages = {
        "invalid": _("Give a list of the ids of categories, at most {most}."),
        "twice": _("A category is named twice."),
        "unknown": _("There is no category {id}."),
    }

    def to_internal_value(self, data) -> list[Category]:
        if not isinstance(data, list) or len(data) > MOST_CATEGORIES:
            self.fail("invalid", most=MOST_CATEGORIES)
        ids = [whole(one) for one in data]
        if not all(one is not None and 0 < one <= BIGGEST_ID for one in ids):
            self.fail("invalid", most=MOST_CATEGORIES)
        if len(set(ids)) < len(ids):
            self.fail("twice")
        found = Category.objects.in_bulk(ids)
        for one in ids:
            if one not in found:
                self.fail("unknown", id=one)
        return list(found.values())

    def to_representation(self, value) -> list[int]:
        return sorted(category.pk for category in value.all())
