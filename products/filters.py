"""What may be asked of the product list. What cannot be read is refused, an empty value too."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import Filter, FilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from mentorship.api.fields import FlagParameter, IdParameter, TextField
from products.fields import PriceField
from products.models import Product
from users import names
from users.serializers import NameField

ORDERS = {"id": "id", "name": "name_key", "price": "price", "regular_price": "regular_price", "stock": "stock"}
CHOICES = [sign + name for name in ORDERS for sign in ("", "-")]
LONGEST_SEARCH = 150


@extend_schema_field({"type": "string", "enum": CHOICES})
class OrderParameter(serializers.ChoiceField):
    default_error_messages = {"invalid_choice": _("Give one of {choices}.")}

    def to_internal_value(self, data: str) -> str:
        if data not in self.choices:
            self.fail("invalid_choice", choices=", ".join(CHOICES))
        return data


class Reader(forms.Field):
    """A form's field that reads as a field of the API does."""

    def __init__(self, *, parameter: serializers.Field, **options):
        super().__init__(**options)
        self.parameter = parameter

    def clean(self, value):
        if value is None:  # not given
            return None
        try:
            return self.parameter.run_validation(value)
        except serializers.ValidationError as refused:
            raise forms.ValidationError(refused.detail) from None


class Parameter(Filter):
    field_class = Reader

    def __init__(self, parameter: serializers.Field, *args, **options):
        super().__init__(*args, parameter=parameter, **options)
        extend_schema_field(parameter)(self)


class ProductFilter(FilterSet):
    category = Parameter(IdParameter(help_text="The id of a category."), "categories")
    mentor = Parameter(NameField(max_length=names.LONGEST, help_text="A mentor's user name."), method="of_mentor")
    in_stock = Parameter(FlagParameter(), method="with_stock")
    min_price = Parameter(PriceField(help_text="Of what is to be paid: the discount price where there is one."), "price", "gte")
    max_price = Parameter(PriceField(help_text="Of what is to be paid: the discount price where there is one."), "price", "lte")
    search = Parameter(TextField(max_length=LONGEST_SEARCH, help_text="A part of the name or the description."), method="with_text")
    ordering = Parameter(
        OrderParameter(choices=CHOICES, help_text="By what; with - the other way round. The newest first, if not given."), method="ordered"
    )

    class Meta:
        model = Product
        fields = []

    def of_mentor(self, products, _name, username: str):
        return products.of(username)

    def with_stock(self, products, _name, wanted: bool):
        return products.filter(stock__gt=0) if wanted else products.filter(stock=0)

    def with_text(self, products, _name, text: str):
        return products.containing(text)

    def ordered(self, products, _name, order: str):
        sign, name = order[: order.startswith("-")], order.lstrip("-")
        return products.order_by(sign + ORDERS[name], f"{sign}id")
