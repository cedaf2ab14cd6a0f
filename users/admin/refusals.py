"""What the models refuse while others change the same people, said to staff as a message instead of a broken page."""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError
from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _

from users.models import User


def says_why_not(view):
    """For a view of a ModelAdmin: after a refusal nothing is changed, and the same page is shown anew with the reason."""

    @wraps(view)
    def watched(self, request, *args, **kwargs):
        if request.method != "POST":
            return view(self, request, *args, **kwargs)
        try:
            return view(self, request, *args, **kwargs)
        except ValidationError as refused:
            why = " ".join(refused.messages)
        except User.DoesNotExist:
            why = _("The account was deleted meanwhile.")
        except IntegrityError:
            why = _("This conflicts with what is stored. Please look and try again.")
        except OperationalError:
            why = _("The service is busy or its database is away. Please try again.")
        self.message_user(request, why, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    return watched
