"""Being invited: once in a lifetime, whoever else invites the same person at the same moment."""

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users import callers, listing
from users.invites.codes import UnknownInvite


def accept_invite(user, code: str) -> None:
    """Let the user be invited by whose code this is, at registration or later, and say so on the object too.

    A mentor who invites somebody without a mentor takes them on; so does one whom the invitee has chosen before.
    Raises ValidationError where somebody invited this user already, and UnknownInvite where the code is nobody's or one's own.
    """
    users, now = type(user).objects, timezone.now()
    already = ValidationError({"invite_code": _("You have been invited already.")}, code="already_invited")
    if user.invited_at:
        raise already  # nothing makes that undone; that nobody did it since this object was read, the UPDATE decides
    uninvited = users.filter(pk=user.pk, invited_at=None)
    others = users.active().filter(invite_code=code).exclude(pk=user.pk)
    with users.all().keeping([user.pk], others.values_list("pk", flat=True)):
        inviter = others.first()  # nobody changes or deletes them now
        if not inviter and uninvited.exists():
            raise UnknownInvite
        if not inviter or not uninvited.write(invited_by=inviter, invited_at=now):
            raise already  # whatever the code is: who was invited may not go on asking which codes there are
        taken_on = inviter.is_mentor and _take_on(users.filter(pk=user.pk), inviter)
    user.invited_by_id, user.invited_at = inviter.pk, now
    if taken_on:  # a later full save of this object writes the mentor whom it knows
        user.mentor_id = user.taken_on_by = inviter.pk


def _take_on(invitee, inviter) -> bool:
    """Make the inviter the mentor, unless the invitee has another. Whether the inviter is the mentor now."""
    taken_on = invitee.filter(Q(mentor=None) | Q(mentor=inviter)).write(mentor=inviter, taken_on_by=inviter.pk)
    listing.changed()
    callers.forget(invitee.values_list("pk", flat=True))
    return bool(taken_on)
