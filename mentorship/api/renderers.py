"""JSON, whatever the client says that it accepts: one format cannot be negotiated, and errors are JSON too."""

from rest_framework.negotiation import DefaultContentNegotiation


class AlwaysTheFirst(DefaultContentNegotiation):
    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type

    def select_parser(self, request, parsers):
        """The parser of that very media type, whatever its parameters; a pattern such as */* is none."""
        asked = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == asked), None)
