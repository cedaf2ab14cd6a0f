"""The index of the API, and what is said where nothing is."""

from django.urls import NoReverseMatch, get_resolver, reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView


class Index(APIView):
    """The routes that need no argument, by name."""

    @extend_schema(responses={200: {"type": "object", "additionalProperties": {"type": "string"}}})
    def get(self, request):
        return Response(dict(self._routes()))

    def _routes(self):
        for name in sorted(name for name in get_resolver().reverse_dict if isinstance(name, str)):
            try:
                path = reverse(name)
            except NoReverseMatch:
                continue
            if path.startswith("/api/") and name != "index":
                yield name, path


class NotThere(APIView):
    """404 as JSON for any other path below /api/, whatever the method."""

    authentication_classes = []
    permission_classes = [AllowAny]
    schema = None

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        raise NotFound
