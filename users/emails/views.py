"""Proving an email, and setting a forgotten password anew; with the two small pages behind the links in the mails."""

import secrets

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from mentorship.api.errors import NotSetUp
from mentorship.api.serializers import SaysSerializer, saved
from users.emails import links, outbox
from users.emails.serializers import AddressSerializer, ConfirmSerializer, ResetSerializer
from users.models import User

PAGE = {(200, "text/html"): OpenApiTypes.STR}


def _in_link(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description="As it stands in the link.")


def page(request, template: str, **facts):
    """A small page that stands alone: its script and style are its own, it is in no frame, and tells nobody its address."""
    nonce = secrets.token_urlsafe(16)
    response = render(request, f"users/pages/{template}.html", facts | {"nonce": nonce})
    own = f"'nonce-{nonce}'"
    response["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {own}; style-src {own}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


class Door(GenericAPIView):
    """A route for people who are not signed in: a token that comes along is not looked at."""

    authentication_classes = []
    permission_classes = [AllowAny]


class ConfirmEmail(Door):
    """Prove an email by the token of the link that was sent to it."""

    serializer_class = ConfirmSerializer

    @extend_schema(summary="The page behind the link that confirms an email", parameters=[_in_link("token")], responses=PAGE)
    def get(self, request):
        """The page behind the link. It proves nothing: mail scanners open links, and only people press buttons."""
        token = request.query_params.get("token", "")[:2048]
        account, address = links.account_of(token) or (None, "")
        return page(request, "confirm", account=account, address=address, token=token)

    @extend_schema(responses=SaysSerializer)
    def post(self, request):
        return saved(self.get_serializer(data=request.data))


class AskForLetter(Door):
    """A letter that is due to an address, if it is known here; the answer never says whether it is."""

    serializer_class = AddressSerializer
    letter = ""

    @extend_schema(responses={202: SaysSerializer})
    def post(self, request):
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if not settings.MAIL_IS_SENT:
            raise NotSetUp(_("No mail server is set up."))
        outbox.write(self.letter, asked.validated_data["email"])
        return Response({"detail": _("If this address is known here, a mail is on its way to it.")}, status=status.HTTP_202_ACCEPTED)


class ResendConfirmation(AskForLetter):
    """Send the link that proves an email once more."""

    letter = "resend"


class AskForReset(AskForLetter):
    """Send a link for a new password to an email that was proven."""

    letter = "reset"


class ResetPassword(Door):
    """A new password, by what the link in the mail holds. All sessions end."""

    serializer_class = ResetSerializer

    @extend_schema(summary="The page behind the link for a new password", parameters=[_in_link("uid"), _in_link("token")], responses=PAGE)
    def get(self, request):
        """The page behind the link, where PASSWORD_RESET_URL names no other."""
        uid, token = request.query_params.get("uid", "")[:64], request.query_params.get("token", "")[:128]
        return page(request, "reset", account=links.account_to_reset(uid, token, User.objects.all()), uid=uid, token=token)

    @extend_schema(responses=SaysSerializer)
    def post(self, request):
        return saved(self.get_serializer(data=request.data))
