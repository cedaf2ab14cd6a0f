"""What the OpenAPI schema says of products where it had to be told."""

import pytest

PRICE = {"type": "string", "format": "decimal", "pattern": r"^[0-9]{1,8}(\.[0-9]{1,2})?$", "maxLength": 11}


@pytest.fixture
def schema(anyone):
    return anyone.get("/api/schema/").json()


@pytest.mark.parametrize("path", ["/api/products/", "/api/products/{product}/", "/api/categories/"])
def test_reading_needs_no_token_and_writing_does(schema, path):
    for method, operation in schema["paths"][path].items():
        reading = method == "get"
        assert operation["security"] == ([{}, {"bearer": []}] if reading else [{"bearer": []}])
        assert ("401" in operation["responses"]) is ("403" in operation["responses"]) is not reading


def test_a_price_is_shown_as_a_string_and_taken_as_a_number_too(schema):
    shown, taken = (schema["components"]["schemas"][name]["properties"]["regular_price"] for name in ("Product", "ProductRequest"))
    assert shown == PRICE
    assert taken == {"anyOf": [PRICE, {"type": "number", "minimum": 0, "maximum": 99999999.99}]}


def test_a_deletion_has_a_body(schema):
    assert {"200"} == set(schema["paths"]["/api/products/{product}/"]["delete"]["responses"]) & {"200", "204"}


def test_put_asks_for_nothing_that_patch_does_not(schema):
    bodies = [schema["paths"]["/api/products/{product}/"][method]["requestBody"] for method in ("put", "patch")]
    assert bodies[0] == bodies[1]


def test_the_list_says_what_may_be_asked(schema):
    parameters = {one["name"] for one in schema["paths"]["/api/products/"]["get"]["parameters"]}
    assert parameters == {"category", "mentor", "in_stock", "min_price", "max_price", "search", "ordering", "page", "page_size"}
