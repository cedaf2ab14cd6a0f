"""Columns of a kind of their own, for the models of all apps."""

from django.db import models


class KeyField(models.TextField):
    """A text by which others are found and ordered, code point by code point, whatever the database's locale is."""

    def db_parameters(self, connection):
        return super().db_parameters(connection) | {"collation": "C" if connection.vendor == "postgresql" else None}
