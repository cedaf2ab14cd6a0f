"""What comes in and what goes out about products and categories."""

from django.db import transaction
from rest_framework import serializers

from mentorship.api.fields import NormalisedField, TextField, WholeField
from mentorship.api.serializers import ChecksAgain
from products.fields import CategoriesField, PriceField
from products.models import LONGEST_DESCRIPTION, LONGEST_NAME, MOST_IN_STOCK, Category, Product, validate_name


class CategoryNameField(NormalisedField):
    """Without the blanks around it: they would make a second category of the same name."""

    def __init__(self, **options):
        super().__init__(**{"max_length": LONGEST_NAME, "validators": [validate_name], **options})

    def normalise(self, text):
        return text.strip()


class CategorySerializer(ChecksAgain):
    id = serializers.IntegerField(read_only=True)
    name = CategoryNameField()

    def validate(self, given: dict) -> dict:
        Category(**given).clean()
        return given

    @transaction.atomic
    def create(self, validated_data: dict) -> Category:
        return Category.objects.create(**validated_data)


class ProductSerializer(ChecksAgain):
    """A product, as anybody sees it and as its mentor writes it."""

    id = serializers.IntegerField(read_only=True)
    name = TextField(max_length=LONGEST_NAME, validators=[validate_name])
    description = TextField(max_length=LONGEST_DESCRIPTION, allow_blank=True, default="")
    regular_price = PriceField()
    discount_price = PriceField(allow_null=True, default=None, help_text="Not above the regular price.")
    stock = WholeField(min_value=0, max_value=MOST_IN_STOCK)
    categories = CategoriesField(default=list, help_text="Ids of categories.")
    mentor = serializers.CharField(source="mentor.username", read_only=True, help_text="The user name of who offers it.")

    @transaction.atomic
    def create(self, validated_data: dict) -> Product:
        categories = validated_data.pop("categories")
        product = Product(**validated_data)
        product.clean()
        product.save()
        product.categories.set(categories)
        return product

    @transaction.atomic
    def update(self, instance: Product, validated_data: dict) -> Product:
        """Write what changed and nothing else. The product is looked at anew: another change may have come before this one."""
        categories = validated_data.pop("categories", None)
        product = Product.objects.held(instance)
        changed = {field for field, value in validated_data.items() if getattr(product, field) != value}
        for field in changed:
            setattr(product, field, validated_data[field])
        product.clean()
        product.save(update_fields=changed)
        if categories is not None:
            product.categories.set(categories)
        return product
