"""The forms of the admin where Django's own would not keep to how names are compared here, or write more than was changed."""

from copy import copy

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    BaseUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    SetUnusablePasswordMixin,
    UserChangeForm,
)
from django.contrib.auth.hashers import is_password_usable
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mentorship.api.fields import parse_id
from users import names
from users.emails import outbox
from users.models import Session, User


class NewUserForm(SetUnusablePasswordMixin, BaseUserCreationForm):
    """As Django's AdminUserCreationForm, whose own look at who has the name already is left to the model."""

    usable_password = SetUnusablePasswordMixin.create_usable_password_field()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password1"].required = self.fields["password2"].required = False


class PasswordState(ReadOnlyPasswordHashWidget):
    """Whether there is a password; Django's own shows how its hash begins."""

    def get_context(self, name, value, attrs):
        state = gettext("A password is set.") if value and is_password_usable(value) else gettext("No password is set.")
        return super().get_context(name, value, attrs) | {"summary": [{"label": state}]}


class UserForm(UserChangeForm):
    password = ReadOnlyPasswordHashField(label=_("Password"), widget=PasswordState)

    def clean_phone(self) -> str:
        return names.normalise_phone(self.cleaned_data["phone"])  # before it is measured: spaces do not count


class PasswordForm(AdminPasswordChangeForm):
    def save(self, commit=True):
        before = copy(self.user)
        user = super().save(commit=False)
        if commit:
            with outbox.telling(user, before):
                user.save(update_fields=["password"])
        return user


class _OffersAllBut:
    """An autocomplete that offers everybody but one."""

    but: int | None = None

    def get_url(self):
        return f"{super().get_url()}?but={self.but}" if self.but else super().get_url()

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [one for one in value if parse_id(one)], attr)  # what was forged would be a 500


class UserSelect(_OffersAllBut, AutocompleteSelect):
    pass


class UserSelectMultiple(_OffersAllBut, AutocompleteSelectMultiple):
    pass


def mentor_select(site, but: int | None = None) -> UserSelect:
    """Offers those who may be chosen as a mentor: that stands in the field's limit_choices_to."""
    widget = UserSelect(User._meta.get_field("mentor"), site)
    widget.but = but
    return widget


class MentorForm(forms.Form):
    mentor = forms.ModelChoiceField(User.objects.mentors(), label=_("Mentor"))

    def __init__(self, site, *args):
        super().__init__(*args)
        self.fields["mentor"].widget = mentor_select(site)
        self.fields["mentor"].widget.choices = self.fields["mentor"].choices


class TakeOnForm(forms.Form):
    people = forms.ModelMultipleChoiceField(User.objects.all(), label=_("Take on"))

    def __init__(self, site, mentor: User):
        super().__init__()
        field = Session._meta.get_field("user")  # any field will do that may name any user
        widget = UserSelectMultiple(field, site)
        widget.but = mentor.pk
        self.fields["people"].widget = widget
        widget.choices = self.fields["people"].choices
