"""A mentor's mentees on the mentor's card: a page of them at a time, searched, released and taken on right there."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mentorship.api.fields import parse_id
from users.admin import history
from users.admin.forms import TakeOnForm
from users.admin.refusals import says_why_not
from users.models import User

A_PAGE = 50
NAMED = 20  # in the mentor's own history; the others are counted


def named(people: list[User]) -> str:
    others = len(people) - NAMED
    return ", ".join(str(person) for person in people[:NAMED]) + (f" + {others}" if others > 0 else "")


class MenteesOnCard:
    """For the admin of users. GET parameters of a card: `find`, what is searched for, and `page`."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.mentees_view)
        return [path("<int:mentor_id>/mentees/", view, name="users_user_mentees"), *super().get_urls()]

    def render_change_form(self, request, context, obj=None, **options):
        if obj and obj.takes_mentees and not context["is_popup"]:
            context |= self.mentees_of(obj, request)
        return super().render_change_form(request, context, obj=obj, **options)

    def mentees_of(self, mentor: User, request) -> dict:
        text = request.GET.get("find", "")
        found, _distinct = self.get_search_results(request, mentor.mentees.order_by("username_key"), text)
        page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
        return {
            "mentees": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
            "find": text,
            "take_on": TakeOnForm(self.admin_site, mentor),
        }

    @says_why_not
    def mentees_view(self, request, mentor_id: int):
        mentor = self.get_object(request, str(mentor_id))
        if not self.has_change_permission(request, mentor):
            raise PermissionDenied
        if mentor and request.method == "POST":
            ids = filter(None, map(parse_id, request.POST.getlist("people")))
            people = list(User.objects.filter(pk__in=ids).order_by("pk"))
            with transaction.atomic():
                (self.release if "release" in request.POST else self.take_on)(request, mentor, people)
        card = reverse("admin:users_user_change", args=[mentor_id], current_app=self.admin_site.name)
        return redirect(f"{card}?{request.GET.urlencode()}#mentees")

    def take_on(self, request, mentor: User, people: list[User]) -> None:
        done = mentor.take_on(*people)
        if people:
            history.note(request, [(one.pk, one.username) for one in people], _("Given a mentor: %s.") % mentor)
            history.note(request, [(mentor.pk, mentor.username)], _("Took on: %s.") % named(people))
        self.message_user(request, ngettext("%d user was taken on.", "%d users were taken on.", done) % done, level(done))

    def release(self, request, mentor: User, people: list[User]) -> None:
        people = [one for one in people if one.mentor_id == mentor.pk]
        done = mentor.release(*people)
        if people:
            history.note(request, [(one.pk, one.username) for one in people], _("Released by the mentor: %s.") % mentor)
            history.note(request, [(mentor.pk, mentor.username)], _("Released: %s.") % named(people))
        self.message_user(request, ngettext("%d mentee was released.", "%d mentees were released.", done) % done, level(done))


def level(done: int) -> int:
    return messages.SUCCESS if done else messages.WARNING
