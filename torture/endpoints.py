"""The endpoints of the service, read off its own schema, and the hostile requests that are made of them.

A kind of request is a list of things (endpoint × field × value, say) that is gone through in even strides, so that any number of
them is spread over all; with each round through the list comes another variant of who asks and of how the path is written.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import gcd

from torture import values

DOCUMENTS = (
    "/api/",
    "/api/schema/",
    "/api/docs/",
    "/redoc/",
    "/",
    "/health/live",
    "/health/ready",
    "/admin/login/",
)  # beside the schema's own
# A value that would do, by field, as JSON text; any other field is given a text. NUMBER and REFRESH are filled in when it is sent.
GOOD = {field: text for fields in values.known.ENDPOINTS.values() for field, text in fields.items()} | {
    "username": '"newcomer-NUMBER"', "email": '"newcomer-NUMBER@example.com"', "everywhere": "false", "invite_code": '""',
    "code": '"123456"',
    "name": '"Atlas NUMBER"', "regular_price": '"30.00"', "discount_price": '"20.00"', "stock": "3", "categories": "[]", "uid": '"MQ"',
}  # fmt: skip

ONE_OF = {"/api/login/": ("username", "email", "phone")}  # of which a body has one


@dataclass(frozen=True)
class Endpoint:
    method: str
    path: str  # as in the schema: /api/users/{who}/
    fields: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def body(self) -> bytes | None:
        """One that would do."""
        return put_together(self.good(self.fields[0])) if self.fields else None

    def good(self, field: str) -> dict[str, str]:
        """Values that would do of that field and of all that may stand beside it."""
        of = ONE_OF.get(self.path, ())
        left_out = set(of) - {field if field in of else "username"}
        return {name: GOOD.get(name, '"x"') for name in self.fields if name not in left_out}

    @property
    def names(self) -> list[str]:
        """What its path names."""
        return re.findall(r"{(\w+)}", self.path)


@dataclass(frozen=True)
class Request:
    """What is sent; `{name}` in the path is the caller's own, or their id. `headers` go in place of those that would be sent.

    `promised`: the statuses that may answer, where that is known.
    """

    method: str
    path: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    signed_in: bool = True
    promised: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Kind:
    """Requests of one kind."""

    name: str
    what: str
    things: list
    make: Callable[..., Request]
    is_for_members: bool = False  # who is not signed in would be refused before that is read

    @cached_property
    def stride(self) -> int:
        return stride(len(self.things))

    def request(self, number: int) -> Request:
        variant = number // len(self.things) + number
        request = self.make(*self.things[number * self.stride % len(self.things)], variant)
        path = request.path.replace("/api/", "/api/v1/", 1) if variant % 3 == 2 else request.path
        if variant % 2 and path.endswith("/"):
            path = path[:-1] or "/"
        return replace(request, path=path, signed_in=self.is_for_members or variant % 5 != 4)


def stride(count: int) -> int:
    """About 0.618 of a list's length, and prime to it: such steps go through all of it, and any run of them is spread evenly."""
    return next(step for step in range(int(count * 0.618) or 1, 2 * count + 2) if gcd(step, count) == 1)


def put_together(fields: dict[str, str]) -> bytes:
    return values.known.put_together(fields).encode()


def read(schema: dict) -> list[Endpoint]:
    """All endpoints that the schema names, and the documents beside it."""
    found = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            named = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
            found.append(Endpoint(method.upper(), path, tuple(_fields(schema, content.get("schema", {}))), tuple(named)))
    paths = {endpoint.path for endpoint in found}
    return found + [Endpoint("GET", path) for path in DOCUMENTS if path not in paths]


def _fields(schema: dict, node: dict) -> list[str]:
    if "$ref" in node:
        return _fields(schema, schema["components"]["schemas"][node["$ref"].rpartition("/")[2]])
    parts = [part for word in ("allOf", "oneOf", "anyOf") for part in node.get(word, [])]
    return list(dict.fromkeys([*node.get("properties", {}), *(field for part in parts for field in _fields(schema, part))]))


def kinds(endpoints: list[Endpoint]) -> list[Kind]:
    """Every kind of request, of these endpoints."""
    fields = [(endpoint, field) for endpoint in endpoints for field in endpoint.fields]
    names = [(endpoint, name) for endpoint in endpoints for name in endpoint.names]
    queries = [(endpoint, name) for endpoint in endpoints for name in dict.fromkeys([*endpoint.parameters, *values.PARAMETERS])]
    paths = sorted({endpoint.path for endpoint in endpoints})
    writing = [endpoint for endpoint in endpoints if endpoint.fields]
    bodies = [*values.BODIES, *values.ENCODINGS]
    return [
        Kind("fields", f"{len(fields)} fields of endpoints × {len(values.VALUES)} values",
             _pairs(fields, values.VALUES), _of_a_field, True),
        Kind("bodies", f"{len(writing)} endpoints × {len(bodies)} bodies", _pairs([(one,) for one in writing], bodies), _of_a_body, True),
        Kind("headers", f"{len(endpoints)} endpoints × {len(values.HEADERS)} headers",
             _pairs([(one,) for one in endpoints], values.HEADERS), _of_a_header),
        Kind("methods", f"{len(paths)} paths × {len(values.METHODS)} methods",
             _pairs([(path,) for path in paths], values.METHODS), _of_a_method),
        Kind("paths", f"{len(names)} names in paths × {len(values.SEGMENTS)}, {len(endpoints)} endpoints × {len(values.PATHS)} ways",
             [*_pairs(names, values.SEGMENTS), *_pairs([(one, "") for one in endpoints], values.PATHS)], _of_a_path),
        Kind("query strings", f"{len(queries)} parameters of endpoints × {len(values.QUERIES)} values", _pairs(queries, values.QUERIES),
             _of_a_query),
    ]  # fmt: skip


def _pairs(left: list[tuple], right: list) -> list[tuple]:
    return [(*one, other) for one, other in product(left, right)]


def _of_a_field(endpoint: Endpoint, field: str, value: str, variant: int) -> Request:
    """The value in a body that would do else, or all alone; half of what one does to people is done to oneself."""
    others = endpoint.good(field) if variant % 4 else {}
    return Request(endpoint.method, _one_of_ones_own(endpoint.path), put_together(others | {field: value}))


def _of_a_body(endpoint: Endpoint, body, variant: int) -> Request:
    if body in values.ENCODINGS:
        body = endpoint.body.decode().encode(body)
    headers = (("Content-Type", values.MEDIA_TYPES[variant % len(values.MEDIA_TYPES)]),) if variant % 4 == 3 else ()
    return Request(endpoint.method, _one_of_ones_own(endpoint.path), body if isinstance(body, bytes) else body.encode(), headers)


def _of_a_header(endpoint: Endpoint, header: tuple[str, str], _variant: int) -> Request:
    return Request(endpoint.method, _one_of_ones_own(endpoint.path), endpoint.body, (header,))


def _of_a_method(path: str, method: str, variant: int) -> Request:
    return Request(method, _one_of_ones_own(path), (None, b"{}", b"{", values.LONG.encode())[variant % 4])


def _of_a_path(endpoint: Endpoint, name: str, text: str, _variant: int) -> Request:
    if name:
        path = endpoint.path.replace(f"{{{name}}}", text)
    else:
        path = text.format(_one_of_ones_own(endpoint.path).rstrip("/"))
    return Request(endpoint.method, path, endpoint.body)


def _of_a_query(endpoint: Endpoint, name: str, value: str, variant: int) -> Request:
    others = "&".join(f"{other}=1" for other in endpoint.parameters if other != name) if variant % 4 == 3 else ""
    return Request(endpoint.method, f"{_one_of_ones_own(endpoint.path)}?{name}={value.format(name)}&{others}".rstrip("&"), endpoint.body)


def _one_of_ones_own(path: str) -> str:
    return path.replace("{who}", "me")
