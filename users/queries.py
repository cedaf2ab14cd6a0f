"""What may be asked of the user list, and how it narrows the list."""

from django.db.models import Subquery

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
            # By id, which stands in the index that orders them; by a join a mentor's mentees would all be read and sorted.
            users = users.filter(mentor=Subquery(User.objects.named(given["mentor"]).values("pk")[:1]))
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
