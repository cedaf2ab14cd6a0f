"""The one handler for errors: DRF's own shapes, in the client's language."""

import logging

from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, IntegrityError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.fields import get_error_detail
from rest_framework.views import exception_handler

from mentorship import database, metrics
from mentorship.api.parsers import TooLarge
from mentorship.api.throttling import AddressThrottle

_log = logging.getLogger("mentorship.api")


class Unavailable(exceptions.APIException):
    status_code = 503
    default_code = "unavailable"
    default_detail = _("The service is busy or its database is away. Please try again.")
    wait = 1  # seconds, for Retry-After


class NotSetUp(Unavailable):
    """What this installation does not do: trying again will not help."""

    wait = None


def answer(exc: Exception, context: dict):
    """The response for whatever a view raised; None (a 500) for what nobody foresaw."""
    exc = _understood(exc, context["request"])
    if isinstance(exc, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        exc = _counted(exc, context)
    if isinstance(exc, exceptions.Throttled):
        exc.detail = _("Too many requests. Please try again in {wait} seconds.").format(wait=exc.wait)
    return exception_handler(exc, context)


def _understood(exc: Exception, request) -> Exception:
    if isinstance(exc, ModelValidationError):
        return exceptions.ValidationError(_by_field(exc))
    if is_without_database(exc, request):
        return Unavailable()
    if isinstance(exc, (IntegrityError, DataError)):
        # The net, not the plan: what lands here should have been refused by a serializer.
        _log.warning("refused by the database", extra={"reason": type(exc.__cause__ or exc).__name__, "path": request.path})
        return exceptions.ValidationError({"non_field_errors": [_("This conflicts with what is stored. Please look and try again.")]})
    if isinstance(exc, Http404):
        return exceptions.NotFound()  # Django's own message names the model, in English
    if isinstance(exc, ObjectDoesNotExist):
        return exceptions.NotFound()  # it was there when the request began, and somebody deleted it meanwhile
    if isinstance(exc, RequestDataTooBig):
        return TooLarge()
    if isinstance(exc, exceptions.UnsupportedMediaType):
        exc.detail = _("Send the body as JSON, with the header Content-Type: application/json.")
    return exc


def is_without_database(exc: Exception, request) -> bool:
    """Whether the request failed because the database is away or busy; then that is noted."""
    if not database.is_away(exc):
        return False
    metrics.failed("database")
    database.note(exc)
    _log.error("database away", extra={"reason": type(exc.__cause__ or exc).__name__, "path": request.path})
    return True


def _by_field(exc: ModelValidationError):
    detail = get_error_detail(exc)
    return detail if isinstance(detail, dict) else {"non_field_errors": detail}


def _counted(exc: Exception, context: dict) -> Exception:
    """A 401 counts against its address, where the request was not counted before it was refused."""
    request, throttle = context["request"], AddressThrottle()
    if hasattr(request._request, "least_left") or throttle.allow_request(request, context["view"]):
        return exc
    return exceptions.Throttled(throttle.wait())
