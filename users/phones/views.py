"""The phone door: a code is asked for, and then used."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from mentorship.api.errors import NotSetUp
from mentorship.api.serializers import saved
from users.phones import gateways
from users.phones.serializers import (
    PhoneCodeSerializer,
    PhoneProofSerializer,
    PhoneSignInSerializer,
    SignedInSerializer,
    SignupSerializer,
)
from users.serializers import DetailSerializer
from users.sessions.tokens import BearerAuthentication
from users.throttles import CodeThrottle


class PhoneDoor(GenericAPIView):
    permission_classes = [AllowAny]

    def saved(self, serializer) -> Response:
        if not gateways.is_set_up():
            raise NotSetUp(_("No SMS gateway is set up."))
        return saved(serializer)


class AskForCode(PhoneDoor):
    """Send a code to a phone. The answer is the same for a phone that is known here and one that is not."""

    authentication_classes = []
    throttle_classes = [CodeThrottle]
    serializer_class = SignupSerializer

    @extend_schema(responses=SignupSerializer)
    def post(self, request):
        return self.saved(self.get_serializer(data=request.data))


class UseCode(PhoneDoor):
    """Sign in by the code that was sent to a phone; with a token, prove the phone for that account instead."""

    authentication_classes = [BearerAuthentication]  # a broken token is a 401: it says whose phone is to be proven
    serializer_class = PhoneCodeSerializer
    documented_errors = [401]

    @extend_schema(
        auth=[{}, {"bearer": []}],
        responses=PolymorphicProxySerializer("CodeUsed", [SignedInSerializer, DetailSerializer], resource_type_field_name=None),
    )
    def post(self, request):
        if request.auth:
            return self.saved(PhoneProofSerializer(request.user, data=request.data, context=self.get_serializer_context()))
        return self.saved(PhoneSignInSerializer(data=request.data, context=self.get_serializer_context()))
