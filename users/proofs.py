"""Who holds an email or a phone: the one account that has proven it. What nobody has proven belongs to nobody.

Proving clears the unproven copies on other accounts in the same transaction, so that nobody can lie in wait in an
account that has somebody else's address or number written on it.
"""

from contextlib import contextmanager, nullcontext

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from users import names

EMAIL, PHONE = 1, 2  # the kinds of what is proven, as the first half of PostgreSQL's lock number


def lock(kind: int, key: str) -> None:
    """Until the transaction ends nobody else proves the same. On SQLite transactions take turns anyway.

    Without it two who prove the same at once would each wait to clear the other's copy.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [kind, key])


@transaction.atomic
def prove_email(user, address: str, proofs_before: int) -> None:
    """Raises ValidationError where the account says another address by now, has proven one since, or somebody else holds this one."""
    users = type(user).objects
    key = names.key(address)
    found = users.active().filter(pk=user.pk, email_key=key, email_proofs=proofs_before)
    lock(EMAIL, key)
    copies = users.filter(email_key=key, proven_email="").exclude(pk=user.pk)
    with _clearing(copies, user.pk, "email"):
        _hold(found, "email", proven_email=address, email_proofs=F("email_proofs") + 1)
    user.proven_email = address


@transaction.atomic
def prove_phone(user, phone: str) -> None:
    """Raises ValidationError where the account is inactive or somebody else holds this phone."""
    users = type(user).objects
    lock(PHONE, phone)
    copies = users.filter(phone=phone, proven_phone="").exclude(pk=user.pk)
    with _clearing(copies, user.pk, "phone"):
        _hold(users.active().filter(pk=user.pk), "phone", phone=phone, proven_phone=phone)
    user.phone = user.proven_phone = phone


def _hold(account, field: str, **values) -> None:
    refusal = ValidationError({field: _("This cannot be confirmed for this account.")}, code="not_provable")
    try:
        with transaction.atomic():
            if not account.update(**values):
                raise refusal
    except IntegrityError:  # the unique constraint: somebody else has proven it
        raise refusal from None


@contextmanager
def _clearing(copies, holder: int, field: str):
    """Clear the copies once the body has made their holder.

    All of them are locked before the first is written, as those whose links change are: two who prove what the other says,
    or a mentor who releases them meanwhile, would wait for each other's rows.
    """
    found = list(copies.values_list("pk", flat=True))
    with copies.keeping([holder, *found]) if found else nullcontext():
        yield
        if found:
            copies.filter(pk__in=found).update(**{field: ""})
