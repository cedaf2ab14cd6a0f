"""What a reader sees of a user, and what of it is only for some."""

from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings

from mentorship.statements import Select
from users import names

MASK = "********"  # shown to oneself in place of the password


class Card(NamedTuple):
    """A row of UserQuerySet.cards(), in its order; of own_cards() with what follows the last name."""

    id: int
    username: str
    is_mentor: bool
    phone: str
    email: str
    mentees: list[str]
    mentees_count: int
    mentor: str | None
    mentor_id: int | None
    first_name: str
    last_name: str
    invite_code: str = ""
    invited: Sequence[str] = ()
    invited_count: int = 0
    proven_email: str = ""
    proven_phone: str = ""

    @property
    def username_key(self) -> str:
        return names.key(self.username)


@Select
def _cards(pk: int):
    from users.models import User

    return User.objects.active().filter(pk=pk).cards()


@Select
def _own_cards(pk: int):
    from users.models import User

    return User.objects.filter(pk=pk).own_cards()


def of(pk: int) -> Card | None:
    """The card of an active user."""
    rows = _cards(pk)
    return Card(*rows[0]) if rows else None


def own(pk: int) -> Card | None:
    """The card of a user with what is for their own eyes."""
    rows = _own_cards(pk)
    return Card(*rows[0]) if rows else None


def may_see_contacts(viewer, card: Card) -> bool:
    """Phone and email are for the user, the user's mentor, staff, and the mentees whom the user took on."""
    return (
        viewer.pk in (card.id, card.mentor_id)
        or viewer.is_staff
        or (viewer.mentor_id == card.id and viewer.was_taken_on())
        or _everyone_may()
    )


def _everyone_may() -> bool:
    return settings.CONTACTS_VISIBLE_TO == "everyone"


def brief(card: Card, viewer) -> dict:
    """A user as the list shows them to the viewer."""
    return _brief(card, personal=may_see_contacts(viewer, card))


def public(people: Sequence[Card]) -> list[dict]:
    """Users as the list shows them to whom they have nothing to do with."""
    personal = _everyone_may()
    return [_brief(card, personal=personal) for card in people]


def _brief(card: Card, *, personal: bool) -> dict:
    return {
        "id": card.id,
        "username": card.username,
        "is_mentor": card.is_mentor,
        "phone": card.phone if personal else None,
        "email": card.email if personal else None,
        "mentees": card.mentees,
        "mentees_count": card.mentees_count,
        "mentor": card.mentor,
        "mentor_username": card.mentor,
    }


def detail(card: Card, viewer) -> dict:
    """A user as their own page shows them to the viewer; to oneself with what is beside it for nobody else."""
    shown = brief(card, viewer) | {"first_name": card.first_name, "last_name": card.last_name}
    return shown | _own(card) if viewer.pk == card.id else shown


def _own(card: Card) -> dict:
    return {
        "password": MASK,
        "email_verified": bool(card.proven_email),
        "phone_verified": bool(card.proven_phone),
        "invite_code": card.invite_code,
        "invited": card.invited,
        "invited_count": card.invited_count,
    }
