"""People and their mentors."""

import logging

from django.db.models import Q
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import (
    CreateAPIView,
    DestroyAPIView,
    ListAPIView,
    RetrieveUpdateDestroyAPIView,
    get_object_or_404,
)
from rest_framework.permissions import AllowAny, IsAuthenticated

from mentorship.api.fields import parse_id
from mentorship.api.pagination import KeysetPagination, PageQuery
from mentorship.api.throttling import host_of
from users import cards, names, pages
from users.cards import Card
from users.models import User
from users.permissions import ChangesOnlyOneself
from users.queries import UserListQuery, UserSearchQuery
from users.serializers import (
    BriefSerializer,
    DetailSerializer,
    OwnUpdateSerializer,
    RegisteredSerializer,
    RegistrationSerializer,
)
from users.throttles import RegistrationThrottle

_log = logging.getLogger("mentorship.accounts")


def who(text: str, viewer: User) -> Q:
    """The condition on the user whom a path names: `me`, an id (ASCII digits) or a user name."""
    if text.isascii() and text.isdigit():
        return Q(pk=parse_id(text) or 0)
    if len(text) > names.LONGEST_RAW or "\0" in text:
        raise Http404
    key = names.key(text)
    return Q(pk=viewer.pk) if key in ("me", viewer.username_key) else Q(username_key=key)


@extend_schema_view(post=extend_schema(responses={201: RegisteredSerializer}))
class Registration(CreateAPIView):
    """Make an account. The answer is the user as they see themself."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [RegistrationThrottle]
    serializer_class = RegistrationSerializer

    def get_success_headers(self, data: dict) -> dict[str, str]:
        return {"Location": reverse("user", args=[data["id"]])}


class CardPages(KeysetPagination):
    """Pages of cards."""

    def page(self, queryset):
        rows, more = super().page(queryset.cards())
        return [Card(*row) for row in rows], more


TEXT = {"type": "string", "minLength": 1, "maxLength": names.LONGEST_KEY}


@extend_schema(
    parameters=[
        UserListQuery,
        OpenApiParameter("search", TEXT, description="The start of a user name; the page goes by name then."),
        OpenApiParameter("after", TEXT, description="The page that starts behind this id; with `search`, this user name."),
        OpenApiParameter("before", TEXT, description="The page that ends before this id; with `search`, this user name."),
    ]
)
class UserList(ListAPIView):
    """All users, by id; with `search`, those whose name starts so, by name."""

    serializer_class = BriefSerializer
    pagination_class = CardPages

    @property
    def query_class(self):
        return UserSearchQuery if "search" in self.request.query_params else UserListQuery

    def list(self, request, *args, **kwargs):
        """From the cache (users/pages.py), whose pages answer the next request of this kind ahead of this view."""
        query = self.query_class.read(request)
        parameters = request.query_params.dict()
        asked = pages.Asked.by(query, is_staff=request.user.is_staff, path=request.path_info, parameters=parameters)
        return pages.KEPT.made(asked, pages.place(request.META, asked.is_staff), request.visit.generation).response_to(request.user)


class MenteeList(ListAPIView):
    """Whom this user mentors, by id."""

    serializer_class = BriefSerializer
    pagination_class = CardPages
    query_class = PageQuery

    def get_queryset(self):
        viewer = self.request.user
        mentor = get_object_or_404(User.objects.visible_to(viewer).only("id"), who(self.kwargs["who"], viewer))
        return User.objects.active().filter(mentor=mentor)


@extend_schema_view(
    put=extend_schema(summary="Change what is yours", responses=DetailSerializer),
    patch=extend_schema(summary="Change what is yours", responses=DetailSerializer),
    delete=extend_schema(summary="Delete your own account"),
)
class UserDetail(RetrieveUpdateDestroyAPIView):
    """One user. PATCH and PUT are one: what is not sent stays."""

    permission_classes = [IsAuthenticated, ChangesOnlyOneself]

    def get_serializer_class(self):
        return OwnUpdateSerializer if self.request.method in ("PUT", "PATCH") else DetailSerializer

    def get_object(self):
        viewer = self.request.user
        named = who(self.kwargs["who"], viewer)
        own, reading = named == Q(pk=viewer.pk), self.request.method in ("GET", "HEAD")
        if own and not reading:
            return viewer  # of whom the request has read all
        card = cards.own(viewer.pk) if own else self._card(User.objects.visible_to(viewer).filter(named))
        if not card:
            raise Http404
        self.check_object_permissions(self.request, card)
        return card

    @staticmethod
    def _card(found) -> Card | None:
        row = found.cards().first()
        return row and Card(*row)

    def put(self, request, *args, **kwargs):
        return self.partial_update(request, *args, **kwargs)

    def perform_destroy(self, instance: User) -> None:
        user = instance.pk
        super().perform_destroy(instance)
        _log.info("account deleted", extra={"user": user, "address": host_of(self.request)})


class OwnMentee(DestroyAPIView):
    """A mentor lets a mentee go."""

    serializer_class = BriefSerializer

    def get_object(self):
        viewer = self.request.user
        return get_object_or_404(User.objects.filter(mentor=viewer.pk), who(self.kwargs["mentee"], viewer))

    def perform_destroy(self, instance: User) -> None:
        if not self.request.user.release(instance):
            raise Http404
