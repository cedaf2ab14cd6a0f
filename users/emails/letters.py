"""What is written to whom. Each function composes the letter of its kind that is due now: None, where the reason has gone.

It takes the address, the user's id, and what else was written down (users/emails/outbox.py), in the language that is active.
"""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from users import names
from users.emails import links
from users.models import User

ACCOUNTS_ASKED = 50  # accounts of one unproven address, the newest, whose links stand in one letter


def confirm(address: str, user: int) -> EmailMultiAlternatives | None:
    """The link by which the account proves the address; where another holds it, word to its owner that somebody tried."""
    account = User.objects.active().filter(pk=user, email_key=names.key(address), proven_email="").first()
    if not account:
        return None
    owner = User.objects.with_proven_email(address).first()
    if not owner:
        return _confirmation(account.email, [account])
    return _letter(owner.proven_email, _("Somebody else gave your address"), "tried", account=owner) if owner.is_active else None


def resend(address: str, user: None) -> EmailMultiAlternatives | None:
    """The links for all accounts that say this address, in one letter, as long as nobody has proven it."""
    if User.objects.with_proven_email(address).exists():
        return None
    accounts = User.objects.active().filter(email_key=names.key(address)).exclude(email_key="").order_by("-pk")[:ACCOUNTS_ASKED]
    return _confirmation(accounts[0].email, accounts) if accounts else None


def reset(address: str, user: None) -> EmailMultiAlternatives | None:
    """The link by which the owner of a proven address sets a new password, to the address as it was proven."""
    account = User.objects.active().with_proven_email(address).first()
    if not account:
        return None
    return _letter(account.proven_email, _("A new password"), "reset", account=account, link=links.reset_link(account))


def changed(address: str, user: int, fields: list[str]) -> EmailMultiAlternatives | None:
    """Word to the address that was proven until then."""
    account = User.objects.filter(pk=user).first()
    if not account:
        return None
    words = {"email": _("the email"), "phone": _("the phone"), "password": _("the password")}
    what = ", ".join(words[field] for field in fields)
    return _letter(address, _("Your account was changed"), "changed", account=account, what=what)


def _confirmation(to: str, accounts) -> EmailMultiAlternatives:
    asked = [(account, links.confirmation_link(account)) for account in accounts]
    return _letter(to, _("Please confirm your email"), "confirm", asked=asked)


def _letter(to: str, subject: str, template: str, **facts) -> EmailMultiAlternatives:
    facts |= {"service": settings.PUBLIC_URL, "us": settings.DEFAULT_FROM_EMAIL}
    letter = EmailMultiAlternatives(subject, render_to_string(f"users/letters/{template}.txt", facts), to=[to])
    letter.attach_alternative(render_to_string(f"users/letters/{template}.html", facts), "text/html")
    return letter
