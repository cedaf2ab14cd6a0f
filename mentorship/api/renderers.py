"""JSON, whatever the client says that it accepts: one format cannot be negotiated, and errors are JSON too."""

import orjson
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer


class AlwaysTheFirst(DefaultContentNegotiation):
    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type

    def select_parser(self, request, parsers):
        """The parser of that very media type, whatever its parameters; a pattern such as */* is none."""
        asked = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == asked), None)


class FastJSON(JSONRenderer):
    """What DRF's own renderer gives, by orjson."""

    def render(self, data, accepted_media_type=None, renderer_context=None) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=self.encoder_class().default)
