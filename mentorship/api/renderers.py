"""JSON, whatever the client says that it accepts: one format cannot be negotiated, and errors are JSON too."""

from rest_framework.negotiation import DefaultContentNegotiation


class AlwaysTheFirst(DefaultContentNegotiation):
    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
