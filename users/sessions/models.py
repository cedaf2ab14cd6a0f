"""What a session is and when it ends: one login on one device, kept alive by its refresh tokens.

Each token of a login carries the session's id (`sid`), and each request asks the session's row. So a session ends
for every process at once, by one UPDATE, and no token needs to be kept to be revoked.
"""

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SessionQuerySet(models.QuerySet):
    def alive(self):
        return self.filter(ended=None, expires__gt=timezone.now())

    def end(self) -> int:
        return self.filter(ended=None).update(ended=timezone.now())

    def over(self):
        """Those that no token can bring back: ended, or outlived by all of their tokens."""
        return self.exclude(ended=None, expires__gt=timezone.now())

    def with_user(self, pk: int, user: int):
        """The session of that id and user, with the user, in one statement. Raises DoesNotExist where it ended."""
        return self.select_related("user").get(pk=pk, user=user, ended=None, user__is_active=True)

    @transaction.atomic
    def open(self, user, *, expires, address: str = "", user_agent: str = ""):
        """Open a session for who has just shown the password.

        None where the account was deactivated or deleted, or the password changed, since it was read: the UPDATE
        both asks that and makes whoever does it now wait, and then end this session too.
        """
        now = timezone.now()
        if not type(user).objects.filter(pk=user.pk, is_active=True, password=user.password).update(last_login=now):
            return None
        return self.create(user=user, created=now, last_refreshed=now, expires=expires, address=address, user_agent=user_agent)

    def refresh(self, pk: int, user: int, *, expires) -> bool:
        """Keep the session alive to `expires`. False where it ended, or its user may not sign in any more."""
        users = self.model.user.field.related_model.objects
        found = self.filter(pk=pk, user=user, ended=None, user__in=users.filter(pk=user, is_active=True))
        return bool(found.update(last_refreshed=timezone.now(), expires=expires))


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
