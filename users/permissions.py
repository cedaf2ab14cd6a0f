from rest_framework.permissions import SAFE_METHODS, BasePermission


class ChangesOnlyOneself(BasePermission):
    """Anybody signed in may look; nobody changes another."""

    def has_object_permission(self, request, view, obj) -> bool:
        return request.method in SAFE_METHODS or obj.id == request.user.pk
