"""The links in letters: each is for one account, one address and one purpose, expires, and works once."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.urls import reverse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from mentorship.api.fields import parse_id
from users import names
from users.models import User


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="users.emails.confirmation", sep=".")  # nothing in it that a URL would encode


def confirmation_token(user) -> str:
    """Signed, not stored. It is for the account's next proof of an email, so that no link works after another one did."""
    return _signer().sign_object([user.pk, user.email, user.email_proofs])


def read_confirmation_token(token: str) -> tuple[int, str, int] | None:
    """The account's id, the address, and how many emails the account had proven by then; None for what is none of ours, or expired."""
    try:
        pk, address, proofs = _signer().unsign_object(token, max_age=settings.CONFIRMATION_TIMEOUT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return pk, address, proofs


def account_of(token: str) -> tuple[User, str] | None:
    """The active account that a confirmation link is for, and the address that it was sent to.

    None where the account says another address by now, or has proven one since that is not this.
    """
    pk, address, proofs = read_confirmation_token(token) or (0, "", 0)
    account = User.objects.active().filter(pk=pk, email_key=names.key(address)).first()
    return (account, address) if account and (account.email_verified or account.email_proofs == proofs) else None


def uid_of(user) -> str:
    return urlsafe_base64_encode(str(user.pk).encode())


def read_uid(uid: str) -> int | None:
    try:
        return parse_id(urlsafe_base64_decode(uid).decode())
    except ValueError:
        return None


def account_to_reset(uid: str, token: str, users) -> User | None:
    """The account that a reset link is for, of `users` (a queryset): active, with a proven email, and its link not used yet."""
    account = users.active().exclude(proven_email="").filter(pk=read_uid(uid) or 0).first()
    return account if account and default_token_generator.check_token(account, token) else None


def confirmation_link(user) -> str:
    return f"{settings.PUBLIC_URL}{reverse('email-confirm')}?{urlencode({'token': confirmation_token(user)})}"


def reset_link(user) -> str:
    page = settings.PASSWORD_RESET_URL or f"{settings.PUBLIC_URL}{reverse('password-reset-confirm')}"
    return f"{page}?{urlencode({'uid': uid_of(user), 'token': default_token_generator.make_token(user)})}"
