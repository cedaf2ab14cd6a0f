"""Django's admin site, whose login is limited as the API's is."""

import logging
import math

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from rest_framework.request import Request

from mentorship.api.throttling import Throttle, address_of, host_of, limit
from users.sessions import counts
from users.throttles import login_limit

_log = logging.getLogger("mentorship.sessions")


class AdminConfig(DjangoAdminConfig):
    default_site = "users.admin_site.Site"


class LoginThrottle(Throttle):
    """Counts together with the API's login: who guesses may not go on at the other door."""

    def limits(self, request, view):
        address = address_of(request)
        return [limit("anon", address), login_limit(address, request._request.POST.get("username"))]


class Site(admin.AdminSite):
    site_header = site_title = _("Mentorship")
    index_title = _("People, and what they offer")
    enable_nav_sidebar = False  # the lists are wide, and the tables few
    # They name who is signed in, as the others do, which Django keeps from caches itself.
    password_change = method_decorator(never_cache)(admin.AdminSite.password_change)
    password_change_done = method_decorator(never_cache)(admin.AdminSite.password_change_done)

    @method_decorator(never_cache)
    def login(self, request, extra_context=None):
        throttle = LoginThrottle()
        if request.method != "POST":
            return super().login(request, extra_context)
        if throttle.allow_request(Request(request), None):
            answer = super().login(request, extra_context)
            entered = request.user.is_authenticated
            counts.sign_in("admin", "accepted" if entered else "refused")
            done = "signed in" if entered else "sign-in refused"
            _log.info(done, extra={"user": request.user.pk, "address": host_of(request), "door": "admin"})
            return answer
        wait = math.ceil(throttle.wait())
        context = self.each_context(request) | {"title": _("Too many attempts"), "wait": wait}
        return TemplateResponse(request, "admin/too_many_attempts.html", context, status=429, headers={"Retry-After": str(wait)})
