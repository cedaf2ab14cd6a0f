"""What a session is and when it ends: one login on one device, kept alive by its refresh tokens.

Each token of a login carries the session's id (`sid`), and the session's row says whether it lives: reads are told by Redis what
it said at most 30 s ago (users/callers.py), which every change here takes back. So a session ends for every process at once, by one
UPDATE, and no token needs to be kept to be revoked.
"""

from datetime import datetime

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from mentorship.statements import Select, Update
from users import callers
from users.links import chunks

_atomic = transaction.atomic(savepoint=False)  # as Django's own writes: within a transaction a savepoint is two more round trips


class SessionQuerySet(models.QuerySet):
    def alive(self):
        """Those that a token may still name: not ended, and not outlived by all of their tokens."""
        return self.filter(ended=None, expires__gt=timezone.now())

    @_atomic
    def end(self) -> int:
        """End them, for all processes at once."""
        living = dict(self.filter(ended=None).order_by("pk").select_for_update(of=("self",)).values_list("pk", "user"))
        callers.forget(set(living.values()))
        return sum(models.QuerySet.update(self.model.objects.filter(pk__in=some), ended=timezone.now()) for some in chunks(living))

    @_atomic
    def update(self, **values) -> int:
        """As Django's; and what is kept of their users is forgotten."""
        callers.forget(set(self.order_by().values_list("user", flat=True)))
        return super().update(**values)

    update.alters_data = True

    @_atomic
    def delete(self):
        """As Django's; and what is kept of their users is forgotten."""
        callers.forget(set(self.order_by().values_list("user", flat=True)))
        return super().delete()

    delete.alters_data = True
    delete.queryset_only = True

    def over(self):
        """Those that no token can bring back: ended, or outlived by all of their tokens."""
        return self.exclude(ended=None, expires__gt=timezone.now())

    def user_of(self, pk: int, user: int):
        """The user of the session of that id and user, which is alive. Raises User.DoesNotExist."""
        found = self.model.user.field.related_model.whole(_user_of(pk, user))
        found.current_session = pk
        return found

    @transaction.atomic
    def open(self, user, *, expires, address: str = "", user_agent: str = ""):
        """Open a session for who has just shown the password.

        None where the account was deactivated or deleted, or the password changed, since it was read: the UPDATE
        both asks that and makes whoever does it now wait, and then end this session too.
        """
        now = timezone.now()
        if not _let_in(now, user.pk, user.password):
            return None
        return self.create(user=user, created=now, last_refreshed=now, expires=expires, address=address, user_agent=user_agent)

    def refresh(self, pk: int, user: int, *, expires, unspent: str = "") -> bool:
        """Keep the session alive to `expires`.

        False where it ended, its user may not sign in any more, or the token of the `jti` that must be `unspent` was spent.
        """
        return bool(_keep_alive(timezone.now(), expires, pk, user, unspent))


class Session(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="sessions")
    created = models.DateTimeField(_("created"))
    last_refreshed = models.DateTimeField(_("last refreshed"))
    expires = models.DateTimeField(_("expires"), help_text=_("When the last of its tokens does."))
    ended = models.DateTimeField(_("ended"), null=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=200, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("session"), _("sessions")
        indexes = [models.Index(fields=["expires"], name="sessions_by_expiry")]

    def __str__(self):
        return f"{self.user_id}: {self.created:%Y-%m-%d %H:%M}"

    @_atomic
    def save(self, *args, **options):
        if not self._state.adding:
            callers.forget([self.user_id])
        super().save(*args, **options)

    @_atomic
    def delete(self, *args, **options):
        callers.forget([self.user_id])
        return super().delete(*args, **options)


@Select
def _user_of(session: int, user: int):
    alive = Session.objects.filter(pk=session, user=user, ended=None, user__is_active=True)
    return alive.values_list(*(f"user__{column}" for column in Session.user.field.related_model.COLUMNS))


@Update
def _let_in(now: datetime, user: int, password: str):
    return Session.user.field.related_model.objects.filter(pk=user, is_active=True, password=password), {"last_login": now}


@Update
def _keep_alive(now: datetime, expires: datetime, session: int, user: int, jti: str):
    users = Session.user.field.related_model.objects.filter(pk=user, is_active=True)
    from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

    spent = BlacklistedToken.objects.filter(token__jti=jti)
    alive = Session.objects.filter(~models.Exists(spent), pk=session, user=user, ended=None, user__in=users.values("pk"))
    return alive, {"last_refreshed": now, "expires": expires}
