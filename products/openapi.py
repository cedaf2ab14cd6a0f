"""How the schema describes prices. Loaded by products/apps.py."""

from drf_spectacular.extensions import OpenApiSerializerFieldExtension

from products.fields import HIGHEST

TEXT = {"type": "string", "format": "decimal", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,2})?$", "maxLength": 11}


class PriceExtension(OpenApiSerializerFieldExtension):
    target_class = "products.fields.PriceField"

    def map_serializer_field(self, auto_schema, direction) -> dict:
        number = {"type": "number", "minimum": 0, "maximum": float(HIGHEST)}
        return TEXT if direction == "response" else {"anyOf": [TEXT, number]}
