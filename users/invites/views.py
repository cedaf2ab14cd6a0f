"""Being invited."""

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView

from mentorship.api.serializers import saved
from users.invites.serializers import InviteSerializer
from users.serializers import DetailSerializer


class Invite(GenericAPIView):
    """Be invited by whose code this is, once. A mentor takes on an invitee who has no mentor."""

    serializer_class = InviteSerializer

    @extend_schema(responses=DetailSerializer)
    def post(self, request):
        return saved(self.get_serializer(request.user, data=request.data))
