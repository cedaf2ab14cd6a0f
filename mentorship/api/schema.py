"""How operations are described: their parameters, and the errors that any client must expect."""

import re

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

MEANINGS = {
    400: "What was sent cannot be used; the body says why, by field.",
    401: "No token, or one that is not valid any more.",
    403: "Not yours.",
    404: "Not found.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    429: "Too many requests: Retry-After says how many seconds to wait.",
    503: "The service is busy or its database is away: Retry-After says when to try again.",
}


class ErrorSerializer(serializers.Serializer):
    """Why a request was refused."""

    detail = serializers.CharField()
    code = serializers.CharField(required=False)


def only_one_mount(endpoints: list) -> list:
    """The API is mounted at /api/ and at /api/v1/; the schema shows the first."""
    return [endpoint for endpoint in endpoints if not endpoint[0].startswith("/api/v1/")]


class Operation(AutoSchema):
    def get_summary(self) -> str:
        """The first sentence of the view's docstring."""
        return (self.view.__doc__ or "").strip().partition("\n")[0].partition(". ")[0].rstrip(".")

    def get_override_parameters(self):
        query_class = getattr(self.view, "query_class", None)
        return [query_class] if query_class and self.method == "GET" else []

    def get_operation(self, path, path_regex, path_prefix, method, registry):
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation:
            for status in sorted(self._errors(operation)):
                operation["responses"].setdefault(str(status), self._error(status))
        return operation

    def _errors(self, operation: dict) -> set[int]:
        errors = {429, 503}
        if "requestBody" in operation:
            errors |= {400, 413, 415}
        if "query" in {parameter["in"] for parameter in operation.get("parameters", [])}:
            errors.add(400)
        if {} not in operation.get("security", [{}]):  # where an empty one stands, it goes without a token too
            errors.add(401)
        if "{" in self.path:
            errors |= {404, *({403} if self.method in ("PUT", "PATCH", "DELETE") and re.search(r"\{who\}", self.path) else ())}
        documented = getattr(self.view, "documented_errors", ())
        return errors | set(documented.get(self.method, ()) if isinstance(documented, dict) else documented)

    def _error(self, status: int) -> dict:
        by_field = {"type": "object", "additionalProperties": True, "description": "`{field: [why]}`, or `{detail: why}`."}
        schema = by_field if status == 400 else self.resolve_serializer(ErrorSerializer, "response").ref
        return {"description": MEANINGS[status], "content": {"application/json": {"schema": schema}}}
