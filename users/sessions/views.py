"""Signing in and out, and one's own sessions."""

import logging

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import DestroyAPIView, GenericAPIView, ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework_simplejwt.views import TokenViewBase

from mentorship.api.fields import parse_id
from mentorship.api.pagination import KeysetPagination, PageQuery
from mentorship.api.serializers import MessageSerializer, SaysSerializer, saved
from mentorship.api.throttling import host_of
from users.sessions.serializers import (
    ChangePasswordSerializer,
    LoginSerializer,
    LogoutSerializer,
    RefreshedSerializer,
    RefreshSerializer,
    SessionSerializer,
)
from users.sessions.tokens import OptionalBearerAuthentication
from users.throttles import LoginThrottle

_log = logging.getLogger("mentorship.sessions")


class Login(TokenViewBase):
    """Open a session: an access token for requests, and a refresh token for the next access token."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [LoginThrottle]
    serializer_class = LoginSerializer
    documented_errors = [401]


@extend_schema_view(post=extend_schema(responses=RefreshedSerializer))
class Refresh(TokenViewBase):
    """A new access token; with rotation a new refresh token too."""

    authentication_classes = []
    permission_classes = [AllowAny]
    serializer_class = RefreshSerializer
    documented_errors = [401]


class Logout(GenericAPIView):
    """End a session at once, by its refresh token or by the access token of the request."""

    authentication_classes = [OptionalBearerAuthentication]
    permission_classes = [AllowAny]
    serializer_class = LogoutSerializer
    documented_errors = [401]

    @extend_schema(responses={205: MessageSerializer}, auth=[{}, {"bearer": []}])
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        if not request.auth and "refresh" not in serializer.validated_data:
            raise NotAuthenticated
        serializer.save()
        return Response({"message": _("Successfully logged out")}, status=status.HTTP_205_RESET_CONTENT)


class ChangePassword(GenericAPIView):
    """A new password for oneself. All other sessions end."""

    serializer_class = ChangePasswordSerializer

    @extend_schema(responses=SaysSerializer)
    def post(self, request):
        return saved(self.get_serializer(request.user, data=request.data))


def _ended(request, sessions: int) -> int:
    _log.info("sessions ended", extra={"user": request.user.pk, "address": host_of(request), "sessions": sessions})
    return sessions


class SessionList(ListAPIView):
    """One's own sessions. DELETE ends all but the present one."""

    serializer_class = SessionSerializer
    pagination_class = KeysetPagination
    query_class = PageQuery

    def get_queryset(self):
        return self.request.user.sessions.alive()

    @extend_schema(operation_id="sessions_destroy_others", responses={204: None})
    def delete(self, request):
        _ended(request, self.get_queryset().exclude(pk=request.auth.session_id).end())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SessionDetail(DestroyAPIView):
    """End one of one's own sessions."""

    serializer_class = SessionSerializer

    def delete(self, request, session: str):
        if not _ended(request, request.user.sessions.alive().filter(pk=parse_id(session) or 0).end()):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
