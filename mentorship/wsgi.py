"""The WSGI application, for granian, gunicorn and runserver alike. Refuses to load where a check finds an error."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")

from django.core.checks import run_checks  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
if faults := [fault.msg for fault in run_checks() if fault.is_serious()]:
    raise ImproperlyConfigured("; ".join(faults))
