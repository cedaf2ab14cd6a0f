"""People in the admin."""

import re

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import CASCADE, Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from mentorship.api.fields import parse_id
from users import names
from users.admin import actions, history
from users.admin.forms import NewUserForm, PasswordForm, UserForm, mentor_select
from users.admin.mentees import MenteesOnCard
from users.admin.refusals import says_why_not
from users.emails import outbox
from users.models import User


class IdsFirst(Paginator):
    """Finds a page's ids, then its rows: on the way to a deep page no row is joined with its mentor."""

    def page(self, number):
        page = super().page(number)
        page.object_list = self.object_list.filter(pk__in=list(page.object_list.values_list("pk", flat=True)))
        return page


class HasMentor(admin.SimpleListFilter):
    title, parameter_name = _("has a mentor"), "has_mentor"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        return queryset.filter(mentor__isnull=self.value() == "no") if self.value() in ("yes", "no") else queryset


def as_stored(text: str) -> str:
    """What was typed into a search, in the form in which names and phones are stored."""
    text = names.key(text.replace("\0", "")).strip()
    phone = re.sub(r"[\s.()-]", "", text)
    return phone if re.fullmatch(r"\+?[0-9]+", phone) else text


def offered(users, text: str):
    """Whom an autocomplete offers: by the start of the name, which an index finds, or by an email or phone."""
    named = Q(username_key__startswith=text)
    if "@" in text:
        return users.filter(named | Q(email_key__startswith=text))
    if re.fullmatch(r"\+?[0-9]+", text):
        return users.filter(named | Q(phone__contains=text))
    return users.filter(named).order_by("username_key")


@admin.register(User)
class UserAdmin(MenteesOnCard, DjangoUserAdmin):
    list_display = ["username", "email", "phone", "is_mentor", "mentor", "mentees_count", "is_active"]
    list_select_related = ["mentor"]
    list_filter = ["is_mentor", HasMentor, "is_active", "is_staff"]
    list_per_page = 50
    paginator, show_full_result_count, show_facets = IdsFirst, False, admin.ShowFacets.NEVER  # of a million users
    ordering = ["-id"]
    search_fields = ["username_key__contains", "email_key__contains", "phone__contains"]
    search_help_text = _("A part of a user name, an email or a phone, in any case.")
    actions = actions.ALL
    form, add_form, change_password_form = UserForm, NewUserForm, PasswordForm
    readonly_fields = [
        "agreed", "mentees_count", "email_verified", "phone_verified", "invite_code", "inviter", "invited_at", "invited_people",
        "alive_sessions", "last_login", "date_joined",
    ]  # fmt: skip
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Personal info"), {"fields": ["first_name", "last_name", "email", "email_verified", "phone", "phone_verified"]}),
        (_("Mentoring"), {"fields": ["is_mentor", "mentees_count", "mentor", "agreed"]}),
        (_("Invites"), {"fields": ["invite_code", "inviter", "invited_at", "invited_people"]}),
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"], "classes": ["collapse"]}),
        (_("Signing in"), {"fields": ["alive_sessions", "last_login", "date_joined"]}),
    ]

    @admin.display(boolean=True, description=_("the mentor agreed"))
    def agreed(self, user: User) -> bool | None:
        return user.was_taken_on() if user.mentor_id else None

    @admin.display(boolean=True, description=_("email is proven"))
    def email_verified(self, user: User) -> bool:
        return user.email_verified

    @admin.display(boolean=True, description=_("phone is proven"))
    def phone_verified(self, user: User) -> bool:
        return user.phone_verified

    @admin.display(description=_("invited by"))
    def inviter(self, user: User) -> str:
        by = user.invited_by
        return by and format_html('<a href="{}">{}</a>', reverse("admin:users_user_change", args=[by.pk]), by)

    @admin.display(description=_("invited"))
    def invited_people(self, user: User) -> str:
        url = reverse("admin:users_user_changelist", query={"invited_by__id__exact": user.pk})
        return format_html('<a href="{}">{}</a>', url, user.invited.count())

    @admin.display(description=_("sessions"))
    def alive_sessions(self, user: User) -> str:
        url = reverse("admin:users_session_changelist", query={"user__id__exact": user.pk, "alive": "yes"})
        return format_html('<a href="{}">{}</a>', url, user.sessions.alive().count())

    # Searching

    def get_search_results(self, request, queryset, search_term):
        text = as_stored(search_term)
        if request.resolver_match.url_name != "autocomplete":
            return super().get_search_results(request, queryset, text)
        return offered(queryset.exclude(pk=parse_id(request.GET.get("but", ""))), text), False

    # The card

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "mentor":
            oneself = request.resolver_match.kwargs.get("object_id")
            kwargs |= {"widget": mentor_select(self.admin_site, but=oneself), "queryset": User.objects.mentors().exclude(pk=oneself)}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "phone":
            kwargs["max_length"] = 64  # as it may be typed
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "mentor":
            field.widget.can_add_related = field.widget.can_change_related = field.widget.can_delete_related = False
        return field

    def save_model(self, request, obj, form, change):
        """Writes what was changed and nothing else: others may change the rest meanwhile."""
        if not change:
            return super().save_model(request, obj, form, change)
        changed = {field.name for field in self.opts.concrete_fields}.intersection(form.changed_data)
        left = [] if obj.takes_mentees else history.names(obj.mentees)
        with outbox.telling(obj, before=User.objects.get(pk=obj.pk)):
            obj.save(update_fields=changed - {"mentor"})
            if "mentor" in changed:
                obj.mentor.take_on(obj) if obj.mentor else obj.leave_mentor()
        self.released(request, left)

    def released(self, request, mentees: list[tuple[int, str]]) -> None:
        if mentees:
            history.note(request, mentees, gettext("Released: the mentor ended being one."))
            n = len(mentees)
            self.message_user(request, ngettext("%d mentee was released.", "%d mentees were released.", n) % n, messages.WARNING)

    # Deleting

    def delete_model(self, request, obj):
        left = history.names(obj.mentees)
        super().delete_model(request, obj)
        self.released(request, left)

    @transaction.atomic
    def delete_queryset(self, request, queryset):
        left = history.names(User.objects.filter(mentor__in=queryset).exclude(pk__in=queryset))
        super().delete_queryset(request, queryset)
        self.released(request, left)

    def get_deleted_objects(self, objs, request):
        """What goes; what is only the user's may go with the user, and mentees stay, without a mentor."""
        along = {relation.related_model._meta.verbose_name for relation in User._meta.related_objects if relation.on_delete is CASCADE}
        listed, counts, lacking, protected = super().get_deleted_objects(objs, request)
        if mentees := User.objects.filter(mentor__in=objs).count():
            counts[gettext("mentees who will be released")] = mentees
        return listed, counts, lacking - along, protected

    # Refusals

    changeform_view = says_why_not(DjangoUserAdmin.changeform_view)
    changelist_view = says_why_not(DjangoUserAdmin.changelist_view)
    delete_view = says_why_not(DjangoUserAdmin.delete_view)
    user_change_password = says_why_not(DjangoUserAdmin.user_change_password)
