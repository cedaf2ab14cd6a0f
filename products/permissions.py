"""Anybody may read; who writes shows who they are."""

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission

from users.sessions.tokens import BearerAuthentication, OptionalBearerAuthentication


class ReadByAnybody:
    """For a view. Its reads need no token, and ignore one that is stale or broken; its writes need a good one."""

    def get_authenticators(self):
        reading = getattr(self.request, "method", None) in SAFE_METHODS  # no request while the schema is drawn
        return [OptionalBearerAuthentication() if reading else BearerAuthentication()]


class MentorsOffer(BasePermission):
    message = _('Only mentors offer products; you can become one with PATCH /api/users/me/ {"is_mentor": true}')

    def has_permission(self, request, view) -> bool:
        return request.method in SAFE_METHODS or request.user.takes_mentees


class MentorsAndStaffName(BasePermission):
    message = _("Only mentors and staff add categories.")

    def has_permission(self, request, view) -> bool:
        return request.method in SAFE_METHODS or request.user.takes_mentees or request.user.is_staff


class ChangesOnlyOnesOwn(BasePermission):
    """Also by who is no mentor any more. Staff have the admin."""

    def has_object_permission(self, request, view, obj) -> bool:
        return request.method in SAFE_METHODS or obj.mentor_id == request.user.pk
