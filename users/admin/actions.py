"""What can be done to a selection of users, also to all that a search found."""

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from users.admin import history
from users.admin.forms import MentorForm
from users.models import Session, User

NAMED = 20  # people named on a page that asks; the others are counted


def ask(people, request, queryset, title: str, question: str, form=None):
    """The page that asks before an action is done; its button posts the same action again, with `sure`."""
    across = request.POST.get("select_across") == "1"
    context = {
        **people.admin_site.each_context(request),
        "opts": people.opts,
        "title": title,
        "question": question,
        "form": form,
        "media": people.media + (form.media if form else people.media),
        "action": request.POST.getlist("action")[0],
        "across": across,
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": queryset.values_list("pk", flat=True)[: 1 if across else None],
        "named": queryset[:NAMED],
        "others": max(0, queryset.count() - NAMED),
    }
    return TemplateResponse(request, "admin/users/user/ask.html", context)


@admin.action(permissions=["change"], description=gettext_lazy("Make mentors"))
def make_mentors(people, request, queryset):
    with transaction.atomic():
        new = history.names(queryset.filter(is_mentor=False))
        made = queryset.filter(is_mentor=False).become_mentors()
        history.note(request, new, _("Made a mentor."))
    people.message_user(request, ngettext("%d user became a mentor.", "%d users became mentors.", made) % made, messages.SUCCESS)


@admin.action(permissions=["change"], description=gettext_lazy("End being mentors"))
def end_being_mentors(people, request, queryset):
    mentors = queryset.filter(is_mentor=True)
    mentees = User.objects.filter(mentor__in=mentors)
    if "sure" not in request.POST:
        ending, released = mentors.count(), mentees.count()
        question = " ".join([
            ngettext("%d user will end being a mentor.", "%d users will end being mentors.", ending) % ending,
            ngettext("%d mentee will be released.", "%d mentees will be released.", released) % released,
        ])  # fmt: skip
        return ask(people, request, mentors, _("End being mentors"), question)
    with transaction.atomic():
        ending, left = history.names(mentors), history.names(mentees)
        ended, released = mentors.step_down()
        history.note(request, ending, _("Ended being a mentor."))
        history.note(request, left, _("Released: the mentor ended being one."))
    done = [
        ngettext("%d user ended being a mentor.", "%d users ended being mentors.", ended) % ended,
        ngettext("%d mentee was released.", "%d mentees were released.", released) % released,
    ]
    people.message_user(request, " ".join(done), messages.SUCCESS)


@admin.action(permissions=["change"], description=gettext_lazy("Give a mentor"))
def give_a_mentor(people, request, queryset):
    form = MentorForm(people.admin_site, request.POST if "sure" in request.POST else None)
    if not form.is_valid():
        question = _("Choose who will mentor them. Who has another mentor leaves that one.")
        return ask(people, request, queryset, _("Give a mentor"), question, form)
    mentor = form.cleaned_data["mentor"]
    mentees = queryset.exclude(pk=mentor.pk)
    with transaction.atomic():
        given = history.names(mentees)
        taken_on = mentees.take_mentor(mentor, agreed=True)
        history.note(request, given, _("Given a mentor: %s.") % mentor)
    done = ngettext("%(n)d user now has the mentor %(mentor)s.", "%(n)d users now have the mentor %(mentor)s.", taken_on)
    people.message_user(request, done % {"mentor": mentor, "n": taken_on}, messages.SUCCESS)


@admin.action(permissions=["change"], description=gettext_lazy("Release from the mentor"))
def release_from_the_mentor(people, request, queryset):
    mentees = queryset.exclude(mentor=None)
    with transaction.atomic():
        leaving = history.names(mentees)
        released = mentees.take_mentor(None, agreed=False)
        history.note(request, leaving, _("Released from the mentor."))
    people.message_user(request, ngettext("%d user was released.", "%d users were released.", released) % released, messages.SUCCESS)


@admin.action(permissions=["change"], description=gettext_lazy("End all sessions"))
def end_all_sessions(people, request, queryset):
    alive = Session.objects.alive().filter(user__in=queryset)
    with transaction.atomic():
        signed_in = history.names(queryset.filter(pk__in=alive.values("user")))
        ended = alive.end()
        history.note(request, signed_in, _("All sessions ended."))
    people.message_user(request, ngettext("%d session was ended.", "%d sessions were ended.", ended) % ended, messages.SUCCESS)


ALL = [make_mentors, end_being_mentors, give_a_mentor, release_from_the_mentor, end_all_sessions]
