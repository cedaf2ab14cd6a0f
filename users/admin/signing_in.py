"""Sessions and spent tokens in the admin: to be looked at, and sessions to be ended."""

from django.contrib import admin, messages
from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist import admin as blacklist
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from users import names
from users.admin import history
from users.models import Session, User


class ReadOnly:
    """To be looked at by who may view or change them, and no more."""

    show_full_result_count = False
    list_per_page = 50
    ordering = ["-id"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class Alive(admin.SimpleListFilter):
    title, parameter_name = _("alive"), "alive"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        return {"yes": queryset.alive, "no": queryset.over}.get(self.value(), queryset.all)()


@admin.register(Session)
class SessionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["user", "created", "last_refreshed", "expires", "ended", "address", "user_agent"]
    list_select_related = ["user"]
    list_filter = [Alive]
    search_fields = ["user__username_key__startswith", "address__startswith"]
    search_help_text = _("The start of a user name or of an address.")
    actions = ["end"]

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, names.key(search_term))

    def has_end_permission(self, request) -> bool:
        return request.user.has_perm("users.change_session")

    @admin.action(permissions=["end"], description=_("End the selected sessions"))
    def end(self, request, queryset):
        with transaction.atomic():
            theirs = history.names(User.objects.filter(sessions__in=queryset.alive()).distinct())
            ended = queryset.alive().end()
            history.note(request, theirs, gettext("Sessions ended."))
        self.message_user(request, ngettext("%d session was ended.", "%d sessions were ended.", ended) % ended, messages.SUCCESS)


admin.site.unregister([OutstandingToken, BlacklistedToken])


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(ReadOnly, blacklist.OutstandingTokenAdmin):
    fields = list_display = ["jti", "created_at", "expires_at"]
    search_fields = ["jti"]


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(ReadOnly, blacklist.BlacklistedTokenAdmin):
    list_display = ["token_jti", "token_created_at", "token_expires_at", "blacklisted_at"]
    search_fields = ["token__jti"]
    actions = None
