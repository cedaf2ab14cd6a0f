"""Keyset pages: a page starts behind a cursor instead of at an offset, so that the last costs what the first does.

And numbered pages, for what has to say how many there are.
"""

from typing import NamedTuple, Self
from urllib.parse import urlencode

from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.response import Response

from mentorship.api.fields import IdParameter, PageParameter, SizeParameter, SmallSizeParameter

PAGE_SIZE = 100


class Query(serializers.Serializer):
    """The parameters of a request, checked together."""

    @classmethod
    def read(cls, request) -> Self:
        """The checked parameters of the request, in `validated_data`. Raises ValidationError (400)."""
        query = cls(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        return query


class Window(NamedTuple):
    """The rows of a page: so many, from behind the cursor `after` or back from before the cursor `before`, by a unique column."""

    column: str
    size: int
    after: int | str | None = None
    before: int | str | None = None

    @property
    def cursor(self) -> dict[str, int | str]:
        """The one of `after` and `before` that is given; empty for the first page."""
        given = {"after": self.after, "before": self.before}
        return {name: value for name, value in given.items() if value is not None}

    def of(self, queryset):
        """The rows of the queryset that are the page's, and one more: so it is known whether there are more."""
        queryset = queryset.order_by(self.column if self.before is None else f"-{self.column}")
        if self.after is not None:
            queryset = queryset.filter(**{f"{self.column}__gt": self.after})
        if self.before is not None:
            queryset = queryset.filter(**{f"{self.column}__lt": self.before})
        return queryset[: self.size + 1]

    def cut(self, found: list) -> tuple[list, bool]:
        """What `of` found, as the rows in order, and whether there are more in the page's direction."""
        rows = found[: self.size]
        return rows if self.before is None else rows[::-1], len(found) > len(rows)

    def headers(self, path: str, parameters: dict[str, str], rows: list, more: bool) -> dict[str, str]:
        """The `Link` (RFC 8288) of a page that was asked for at that path by those parameters; rows have the column as an attribute."""
        kept = {key: value for key, value in parameters.items() if key not in ("after", "before")}
        links = [
            f'<{escape_uri_path(path)}?{urlencode(kept | {name: getattr(row, self.column)})}>; rel="{rel}"'
            for rel, name, row in self._neighbours(rows, more)
        ]
        return {"Link": ", ".join(links)} if links else {}

    def _neighbours(self, rows: list, more: bool):
        if rows and (more or self.before is not None):
            yield "next", "after", rows[-1]
        if rows and (self.after is not None or (self.before is not None and more)):
            yield "prev", "before", rows[0]


class PageQuery(Query):
    """The parameters of a page by id."""

    after = IdParameter(required=False, help_text="The page that starts behind this one.")
    before = IdParameter(required=False, help_text="The page that ends before this one.")
    page_size = SizeParameter(default=PAGE_SIZE)

    cursor = "id"  # the unique column that orders the page

    def validate(self, given):
        if "after" in given and "before" in given:
            raise serializers.ValidationError(_("Give after or before, not both."))
        return given

    @property
    def window(self) -> Window:
        given = self.validated_data
        return Window(self.cursor, given["page_size"], given.get("after"), given.get("before"))

    @property
    def filters(self) -> dict:
        """The parameters that narrow what there are pages of."""
        return {name: value for name, value in self.validated_data.items() if name not in ("after", "before", "page_size")}

    def narrow(self, queryset):
        """The rows that the other parameters ask for."""
        return queryset

    def page(self, queryset) -> tuple[list, bool]:
        """The rows in order, and whether there are more in the page's direction."""
        window = self.window
        return window.cut(list(window.of(self.narrow(queryset))))


class KeysetPagination(BasePagination):
    """Pages by a unique, ordered column. The view's `query_class` is the PageQuery that checks the parameters."""

    def paginate_queryset(self, queryset, request, view=None) -> list:
        self.request, self.query = request, view.query_class.read(request)
        self.rows, self.more = self.page(queryset)
        return self.rows

    def page(self, queryset) -> tuple[list, bool]:
        return self.query.page(queryset)

    def get_paginated_response(self, data) -> Response:
        headers = self.query.window.headers(self.request.path_info, self.request.query_params.dict(), self.rows, self.more)
        return Response(data, headers=headers)

    def get_paginated_response_schema(self, schema: dict) -> dict:
        return schema


class NumberedQuery(Query):
    """The parameters of a numbered page."""

    page = PageParameter(default=1)
    page_size = SmallSizeParameter(default=20)


class NumberedPagination(PageNumberPagination):
    """Pages by number: `{count, next, previous, results}`. 404 behind the last, 400 on a parameter that cannot be read."""

    page_size_query_param = "page_size"

    def paginate_queryset(self, queryset, request, view=None) -> list:
        self.query = NumberedQuery.read(request).validated_data
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request) -> int:
        return self.query["page_size"]

    def get_page_number(self, request, paginator) -> int:
        return self.query["page"]

    def get_schema_operation_parameters(self, view) -> list[dict]:
        bounds = {"page": {"minimum": 1}, "page_size": {"minimum": 1, "maximum": SmallSizeParameter.MOST, "default": 20}}
        return [{"name": name, "in": "query", "required": False, "schema": {"type": "integer", **bound}} for name, bound in bounds.items()]
