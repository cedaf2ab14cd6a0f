"""Tokens of a session, and who a request comes from. simplejwt signs, reads and blacklists; the session decides."""

import time
from datetime import timedelta
from functools import lru_cache

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from jwt.utils import base64url_decode, base64url_encode, force_bytes
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken as SimpleAccessToken
from rest_framework_simplejwt.tokens import RefreshToken as SimpleRefreshToken
from rest_framework_simplejwt.tokens import Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from mentorship.api.fields import parse_id
from mentorship.api.throttling import host_of
from users import callers
from users.models import User
from users.sessions.models import Session

LONGEST = 2048  # characters; a longer token is none of ours
LAST_MOMENT = 253_402_300_799  # the end of the year 9999
REPEAT = timedelta(seconds=10)  # a spent refresh token that comes again within this is a client that lost the answer

ENDED = _("The session of this token has ended. Please sign in again.")


def claimed_id(token: Token, claim: str, kind: type) -> int:
    """The id in a claim. Raises TokenError where it is none that a row could have, or not of that kind and as we write it."""
    value = token.get(claim)
    found = parse_id(str(value)) if type(value) is kind else None
    if not found or str(found) != str(value):
        raise TokenError("a claim is wrong")
    return found


def is_time(value: object) -> bool:
    """Whether it is a number of seconds since 1970 (a NumericDate, RFC 7519) that a datetime can hold."""
    return type(value) in (int, float) and 0 <= value <= LAST_MOMENT


def is_plain(signature: bytes) -> bool:
    """Whether it is written as it should be: a decoder does not mind what stands behind its last bit, and nothing signs it."""
    return base64url_encode(base64url_decode(signature)) == signature


class SessionToken(Token):
    """A token that names its session."""

    def verify(self) -> None:
        """Raises TokenError on a claim of a wrong type or range too: what is signed was not always made here."""
        try:
            super().verify()
        except (TypeError, ValueError, OverflowError, OSError):
            raise TokenError("a claim is wrong") from None
        self.user_id, self.session_id = claimed_id(self, api_settings.USER_ID_CLAIM, str), claimed_id(self, "sid", int)
        if not isinstance(self["jti"], str) or not 0 < len(self["jti"]) <= 64:
            raise TokenError("a claim is wrong")
        if not all(is_time(self[claim]) for claim in ("exp", "iat", "nbf") if claim in self):
            raise TokenError("a claim is wrong")
        if not is_plain(force_bytes(self.token).rpartition(b".")[2]):
            raise TokenError("the signature is written in another way")

    @property
    def expires(self):
        return datetime_from_epoch(self["exp"])


class AccessToken(SessionToken, SimpleAccessToken):
    pass


@lru_cache(4096)
def _read_once(raw: bytes) -> AccessToken:
    return AccessToken(raw)


def read_access_token(raw: bytes) -> AccessToken:
    """The token, whose session may have ended. Raises TokenError.

    Its signature and claims do not change, so they are looked at once a process (0.1 ms); whether it has expired, each time.
    """
    token = _read_once(raw)
    if token["exp"] <= time.time():
        raise TokenError("expired")
    return token


class RefreshToken(SessionToken, SimpleRefreshToken):
    """A refresh token of which nothing is kept but, once it is spent or revoked, its `jti`."""

    access_token_class = AccessToken

    @classmethod
    def of(cls, session: int, user: int) -> "RefreshToken":
        """A new one for that session of that user, by their ids."""
        token = cls()
        token[api_settings.USER_ID_CLAIM], token["sid"] = str(user), session
        return token

    def check_blacklist(self) -> None:
        """Nothing here: being spent is judged in `refresh` and `end_session_of`, and being ended by the session."""

    def blacklist(self) -> tuple[BlacklistedToken, bool]:
        """The row that says that this token is spent, and whether this call made it: only one of many does."""
        outstanding, _made = OutstandingToken.objects.get_or_create(
            jti=self["jti"], defaults={"created_at": self.current_time, "expires_at": self.expires, "token": ""}
        )
        return BlacklistedToken.objects.get_or_create(token=outstanding)

    def is_spent(self) -> bool:
        return BlacklistedToken.objects.filter(token__jti=self["jti"]).exists()


def read_refresh_token(raw: str) -> RefreshToken:
    """Raises TokenError, with one message for whatever is wrong."""
    try:
        return RefreshToken(raw)
    except TokenError:
        raise TokenError(_("The refresh token is not valid, or has expired.")) from None


def sign_in(user, request) -> dict[str, str] | None:
    """Open a session and give its tokens; None where the user may not sign in any more (see SessionQuerySet.open)."""
    session = Session.objects.open(
        user,
        expires=timezone.now() + max(api_settings.REFRESH_TOKEN_LIFETIME, api_settings.ACCESS_TOKEN_LIFETIME),
        address=host_of(request),
        user_agent="".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())[:200],
    )
    return session and _pair(RefreshToken.of(session.pk, session.user_id))


def refresh(raw: str) -> dict[str, str]:
    """New tokens for a refresh token, whose session lives on. Raises TokenError.

    With rotation a token is spent by its first use: of many uses at the same moment one wins. A use more than REPEAT
    later is a stolen token's, and ends the session with its newest token (RFC 9700 section 4.14.2).
    """
    token = read_refresh_token(raw)
    if api_settings.ROTATE_REFRESH_TOKENS:
        return _rotate(token)
    access = token.access_token
    expires = max(token.expires, access.expires)
    if not Session.objects.refresh(token.session_id, token.user_id, expires=expires, unspent=token["jti"]):
        raise TokenError(ENDED)
    return {"access": str(access)}


def _rotate(token: RefreshToken) -> dict[str, str]:
    new = RefreshToken.of(token.session_id, token.user_id)
    with transaction.atomic():
        expires = max(new.expires, new.access_token.expires)
        if not Session.objects.refresh(token.session_id, token.user_id, expires=expires):
            raise TokenError(ENDED)
        spent, first = token.blacklist()
        if first:
            return _pair(new)
        if timezone.now() - spent.blacklisted_at <= REPEAT:
            raise TokenError(ENDED)
        Session.objects.filter(pk=token.session_id).end()
    raise TokenError(ENDED)


def end_session_of(raw: str, *, only_user: int | None = None, revoke: bool = True) -> RefreshToken:
    """End the session of a refresh token, which is given back read.

    Raises TokenError, with nothing ended, where the token is malformed, expired, spent, ended or not `only_user`'s.
    """
    token = read_refresh_token(raw)
    alive = Session.objects.alive().filter(pk=token.session_id, user=token.user_id)
    if (only_user and token.user_id != only_user) or token.is_spent():
        raise TokenError(ENDED)
    with transaction.atomic():
        if not (alive.end() if revoke else alive.exists()):
            raise TokenError(ENDED)
        if revoke:
            token.blacklist()
    return token


def _pair(refresh_token: RefreshToken) -> dict[str, str]:
    return {"refresh": str(refresh_token), "access": str(refresh_token.access_token)}


def bearer(header: bytes) -> bytes | None:
    """The token of `Bearer <token>`, the scheme word in any case."""
    scheme, _space, token = header.strip().partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else None


class BearerAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access>`. One statement asks for the session and its user; reads may be spared it by users/callers.py."""

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The server hands over as empty what holds anything but ASCII: that is a broken token, not none."""
        return bearer(header) if header.strip() else header

    def authenticate(self, request):
        if request.method not in SAFE_METHODS:
            return super().authenticate(request)
        raw = bearer(self.get_header(request) or b"")
        if not raw:
            return None
        token = self.get_validated_token(raw)
        visit = callers.visit(request._request, token.session_id, token.user_id)
        if not visit:
            raise InvalidToken(ENDED)
        return User.of_caller(visit.caller, token.session_id), token

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        try:
            return read_access_token(raw_token)
        except TokenError:
            raise InvalidToken(_("The access token is not valid, or has expired.")) from None

    def get_user(self, validated_token: AccessToken):
        try:
            return Session.objects.user_of(validated_token.session_id, validated_token.user_id)
        except User.DoesNotExist:
            raise InvalidToken(ENDED) from None


class OptionalBearerAuthentication(BearerAuthentication):
    """For routes that need no token: a stale or broken one is ignored."""

    def authenticate(self, request):
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            return None
