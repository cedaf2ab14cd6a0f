"""The OpenAPI schema and its two pages, all served from here: no request leaves for a script, a font or a picture."""

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)


class Schema(SpectacularJSONAPIView):
    """The OpenAPI 3 schema of this API."""

    authentication_classes = []
    permission_classes = [AllowAny]


class Page:
    http_method_names = ["get", "head"]
    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [TemplateHTMLRenderer]
    url_name = "schema"

    @extend_schema(exclude=True)
    def get(self, request, *args, **kwargs):
        response = super().get(request, *args, **kwargs)
        response["Content-Security-Policy"] = POLICY
        return response


class SwaggerUI(Page, SpectacularSwaggerView):
    pass


class Redoc(Page, SpectacularRedocView):
    pass
