"""The outermost middleware: what makes the API one API before and after Django's own machinery.

The slash at the end of an API path is optional; health answers whatever the host header says; what Django answers
by itself under /api/ is JSON; throttled answers say what is left.
"""

from http import HTTPStatus

from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer

from mentorship import health, metrics
from mentorship.api import door, errors


class Edge:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if answer := health.ROUTES.get(request.path_info.rstrip("/")):
            request.META[metrics.ROUTE] = "health"
            response = answer(request) if request.method in health.METHODS else _not_allowed(request)
            response["X-Content-Type-Options"] = "nosniff"
            return response
        path = request.path_info
        request.is_api = path.startswith("/api/") or path == "/api"
        if not path.endswith("/") and (request.is_api or path == "/redoc"):
            request.path_info += "/"
        response = self.get_response(request)
        metrics.note_route(request)
        if request.is_api:
            response.headers.setdefault("Cache-Control", "no-store")  # tokens and contacts (RFC 6749 section 5.1)
            if response.status_code >= 400 and response.get("Content-Type") != "application/json":
                _to_json(request, response)
        if hasattr(response, "at_the_door"):
            door.learn(request, response)
        for name, value in door.limit_headers(getattr(request, "least_left", None)):
            response[name] = value
        return response

    def process_exception(self, request, exception):
        """What a view that is not DRF's own could not do without the database: a page of the admin. And more parameters than are read:
        with DEBUG on Django's page about them reads them again, and fails.
        """
        if isinstance(exception, SuspiciousOperation):
            return HttpResponse(_reason(request, 400), status=400, content_type="text/plain; charset=utf-8")
        if errors.is_without_database(exception, request):
            away = errors.Unavailable
            headers = {"Content-Type": "text/plain; charset=utf-8", "Retry-After": str(away.wait)}
            return HttpResponse(str(away.default_detail), status=away.status_code, headers=headers)


def _not_allowed(request) -> JsonResponse:
    return JsonResponse({"detail": _reason(request, 405)}, status=405, headers={"Allow": ", ".join(health.METHODS)})


def _to_json(request, response) -> None:
    """Say in JSON what the response says in HTML; its other headers stay."""
    said = (getattr(response, "data", None) or {}).get("detail") or _reason(request, response.status_code)
    response.content = JSONRenderer().render({"detail": said})
    response["Content-Type"], response["Content-Length"] = "application/json", len(response.content)


def _reason(request, status: int) -> str:
    with translation.override(translation.get_language_from_request(request)):
        return {
            400: _("The request is malformed, or its host is not served here."),
            404: _("Not found."),
            413: _("The body is too large."),
            500: _("Something went wrong here. It has been noted."),
        }.get(status, HTTPStatus(status).phrase)
