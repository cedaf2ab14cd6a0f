"""What is written to whom. Each function composes the letters of one kind that are due now: none, where the reason has gone.

It takes the address, the user's id, and what else was written down (users/emails/outbox.py), in the language that is active.
"""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from users import names
from users.emails import links
from users.models import User

ACCOUNTS_ASKED = 5  # accounts of one unproven address that a resend writes to


def confirm(address: str, user: int) -> list[EmailMultiAlternatives]:
    """The link by which the account proves the address; where another holds it, word to its owner that somebody tried."""
    account = User.objects.active().filter(pk=user, email=address, proven_email="").first()
    if not account:
        return []
    owner = User.objects.with_proven_email(address).first()
    if not owner:
        return [_confirmation(account)]
    return [_letter(owner.proven_email, _("Somebody else gave your address"), "tried", account=owner)] if owner.is_active else []


def again(address: str, user: None) -> list[EmailMultiAlternatives]:
    """New links for all accounts that say this address, the newest few, as long as nobody has proven it."""
    if User.objects.with_proven_email(address).exists():
        return []
    accounts = User.objects.active().filter(email_key=names.key(address)).exclude(email_key="")
    return [_confirmation(account) for account in accounts.order_by("-pk")[:ACCOUNTS_ASKED]]


def reset(address: str, user: None) -> list[EmailMultiAlternatives]:
    """The link by which the owner of a proven address sets a new password, to the address as it was proven."""
    account = User.objects.active().with_proven_email(address).first()
    if not account:
        return []
    return [_letter(account.proven_email, _("A new password"), "reset", account=account, link=links.reset_link(account))]


def changed(address: str, user: int, fields: list[str]) -> list[EmailMultiAlternatives]:
    """Word to the address that was proven until then."""
    account = User.objects.filter(pk=user).first()
    if not account:
        return []
    words = {"email": _("the email"), "phone": _("the phone"), "password": _("the password")}
    what = ", ".join(words[field] for field in fields)
    return [_letter(address, _("Your account was changed"), "changed", account=account, what=what)]


def _confirmation(account: User) -> EmailMultiAlternatives:
    link = links.confirmation_link(account)
    return _letter(account.email, _("Please confirm your email"), "confirm", account=account, link=link)


def _letter(to: str, subject: str, template: str, **facts) -> EmailMultiAlternatives:
    facts |= {"service": settings.PUBLIC_URL, "us": settings.DEFAULT_FROM_EMAIL}
    letter = EmailMultiAlternatives(subject, render_to_string(f"users/letters/{template}.txt", facts), to=[to])
    letter.attach_alternative(render_to_string(f"users/letters/{template}.html", facts), "text/html")
    return letter
