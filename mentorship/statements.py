"""Statements that are compiled once, for the few that most requests make.

Compiling a detail took the ORM 0.75 ms, and asking it by what was compiled takes 0.08; PostgreSQL plans a prepared statement once a
connection. Only for look-ups by a unique key and for pages in its order: their plan is the same whatever is asked for.
On SQLite the querysets themselves are run.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections, models
from django.db.models.sql import UpdateQuery


class _Prepared(psycopg.Cursor):
    def execute(self, query, params=None, **options):
        return super().execute(query, params, prepare=True, **options)


class _Compiled:
    """`build(*parameters)`, compiled once. Parameters are whole numbers, texts and moments; what else it holds is constant."""

    def __init__(self, build: Callable):
        self.build = build
        self.sql, self.constants, self.places = "", [], {}

    def executed(self, parameters: tuple):
        """The cursor after the statement, to be closed."""
        if not self.sql:
            self._compile(parameters)
        given = self.constants.copy()
        for place, number in self.places.items():
            given[place] = parameters[number]
        database = connections[DEFAULT_DB_ALIAS]  # once: through `connection` it is looked up for each attribute
        try:
            return self._execute(database, given)
        except NotSupportedError:  # a migration has changed the type of a column since it was prepared
            if database.in_atomic_block:
                database.close_at = 0.0  # when this request has ended
                raise
            database.close()
            return self._execute(database, given)

    def _execute(self, database, given: list):
        database.ensure_connection()
        # Of what is prepared no text is left to log.
        cursor = database.cursor() if database.queries_logged else database.make_cursor(_Prepared(database.connection))
        cursor.execute(self.sql, given)
        return cursor

    def _compile(self, parameters: tuple) -> None:
        marks = [_mark(number, parameter) for number, parameter in enumerate(parameters)]
        sql, constants = self.query(*marks).get_compiler(connection=connection).as_sql()
        self.places = {place: marks.index(value) for place, value in enumerate(constants) if value in marks}
        if len(set(self.places.values())) < len(marks):
            raise TypeError("a parameter is changed, or dropped, on its way into the statement")
        self.constants, self.sql = list(constants), sql

    def query(self, *parameters):
        raise NotImplementedError


def _mark(number: int, parameter: int | str | datetime) -> int | str | datetime:
    """What stands for a parameter while the statement is compiled, and nowhere else in it."""
    if isinstance(parameter, datetime):
        return datetime(2999, 1, 1, 0, 0, number, tzinfo=UTC)
    if type(parameter) not in (int, str):
        raise TypeError(f"a parameter is a whole number, a text or a moment, and no {type(parameter).__name__}")
    return f"parameter {number} of 7310" if isinstance(parameter, str) else 7_310_000_000_000_000_000 + number


class Select(_Compiled):
    """The rows, as tuples, of the queryset of values_list() that `build(*parameters)` gives."""

    def __call__(self, *parameters) -> list[tuple]:
        if connection.vendor != "postgresql":
            return list(self.build(*parameters))
        with self.executed(parameters) as cursor:
            return cursor.fetchall()

    def query(self, *parameters):
        return self.build(*parameters).query


class Update(_Compiled):
    """How many rows were changed by an update of the queryset to the values that `build(*parameters)` gives.

    It goes past the model's own update(): the caller keeps the rules.
    """

    def __call__(self, *parameters) -> int:
        if connection.vendor != "postgresql":
            queryset, values = self.build(*parameters)
            return models.QuerySet.update(queryset, **values)
        with self.executed(parameters) as cursor:
            return cursor.rowcount

    def query(self, *parameters):
        queryset, values = self.build(*parameters)
        query = queryset.query.chain(UpdateQuery)
        query.add_update_values(values)
        return query
