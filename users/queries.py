"""What may be asked of the user list, and how it narrows the list."""

from mentorship.api.fields import FlagParameter
from mentorship.api.pagination import PageQuery
from users import names
from users.models import User
from users.serializers import NameField


class UserListQuery(PageQuery):
    """The parameters of the user list."""

    is_mentor = FlagParameter(required=False)
    has_mentor = FlagParameter(required=False)
    mentor = NameField(required=False, max_length=names.LONGEST, help_text="A mentor's user name.")

    def narrow(self, users):
        given = self.validated_data
        if "is_mentor" in given:
            users = users.filter(is_mentor=given["is_mentor"])
        if "has_mentor" in given:
            users = users.filter(mentor__isnull=not given["has_mentor"])
        if "mentor" in given:
            # By an id that the planner knows: else it takes every mentor for one of few mentees, and may read and sort them all.
            users = users.filter(mentor=User.objects.named(given["mentor"]).values_list("pk", flat=True).first() or 0)
        return users


class UserSearchQuery(UserListQuery):
    """With `search` the list goes by name, and so do its cursors."""

    after = NameField(required=False, max_length=names.LONGEST_KEY)
    before = NameField(required=False, max_length=names.LONGEST_KEY)
    search = NameField(max_length=names.LONGEST_KEY, help_text="The start of a user name.")

    cursor = "username_key"

    def validate(self, given):
        return super().validate(given | {name: names.key(given[name]) for name in ("after", "before") if name in given})

    def narrow(self, users):
        return super().narrow(users).starting_with(self.validated_data["search"])
