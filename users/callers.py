"""Who a request comes from, without a statement for each request.

The database is the truth: it says that the session lives and that its user is active. What it said is kept in Redis for at
most KEPT seconds, and forgotten there when a change of it commits, before the change is acknowledged. A reader takes a lease
before it reads the database and keeps what it read only where the lease is still there: forgetting takes the lease away,
so that no late reader brings back what has ended.

A record is of one session, in one hash a user: all of a user's go at once. It is believed only under the era in which it was
read: a new era forgets everybody's.

Only reads believe a record; whoever changes something is looked up in the database. One round trip asks for the record and for
the generation of the list, and counts the request. With tokens verified once a process, this halved what a cached page cost then.
"""

import secrets
from collections.abc import Collection
from functools import lru_cache, partial
from typing import NamedTuple

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from redis.exceptions import RedisError

from mentorship import caches
from mentorship.api.throttling import COUNT_LIMITS, Count, Limit, count, counted, for_script, give_back, limit, those_on
from mentorship.statements import Select
from users import listing

KEPT = 30_000  # milliseconds
VISIT = "users.visit"  # in the WSGI environment
MANY = 500  # people; a change of more forgets everybody
ERA = caches.Generation("callers:era")

_TRIP = caches.Script(
    COUNT_LIMITS
    + """
local record, session, lease, read = KEYS[3], ARGV[1], ARGV[2], ARGV[3]
local era, generation = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
if lease ~= '' then  -- Redis was emptied: what is as unlike any other as the lease is the first one
  if not era then
    era = lease
    redis.call('SET', KEYS[1], era)
  end
  if not generation then
    generation = lease
    redis.call('SET', KEYS[2], generation)
  end
end
era = era or ''
local known = redis.call('HGET', record, session)
if read ~= '' then
  if known == lease then redis.call('HSET', record, session, read) end
elseif not known or string.sub(known, 1, #era + 1) ~= era .. ':' then
  if lease ~= '' then
    redis.call('HSET', record, session, lease)
    if redis.call('PTTL', record) < 0 then redis.call('PEXPIRE', record, tonumber(ARGV[4])) end
  end
  return {generation, era, false}
end
return {generation, era, known, count_limits(4, 5)}
"""
)


class Caller(NamedTuple):
    """What reads need to know of who asks; a row of `_find`."""

    pk: int
    username_key: str
    is_staff: bool
    is_mentor: bool
    mentor_id: int | None
    taken_on_by: int | None
    CHANGED_BY = frozenset({"username", "username_key", "is_active", "is_staff", "is_mentor", "mentor", "mentor_id", "taken_on_by"})

    def was_taken_on(self) -> bool:
        return self.mentor_id is not None and self.taken_on_by == self.mentor_id


SHAPE = caches.shape(Caller)


class Visit(NamedTuple):
    """A request's caller, and the generation of the list, which was taken before anything else was read; None without Redis."""

    caller: Caller
    generation: bytes | None


def visit(request: HttpRequest, session: int, user: int) -> Visit | None:
    """Who makes the request with a token of that session and user; None where the session has ended.

    The request has been counted against its user's limit then: `request.counted` says where that stands.
    """
    if not hasattr(request, "visit"):
        if at_the_door := request.META.get(VISIT):
            request.visit, request.counted = at_the_door
        else:
            request.visit = _visit(request, session, user)
    return request.visit


def visit_at_the_door(environ: dict, session: int, user: int) -> tuple[Visit, list[Count]] | None:
    """The visit of a caller whom Redis knows, and the counts of the limits; None where more must be asked, and nothing was counted.

    It is left in the environment, for `visit` where the request goes on to a view.
    """
    if connection.in_atomic_block or _something_is_owed():
        return None
    limits = _limits(user)
    try:
        generation, _era, known, *seen = _trip(session, user, "", b"", limits)
    except RedisError:
        return None
    if not known:
        return None
    counts = counted(limits, seen[0])
    if _something_is_owed():
        give_back(counts)
        return None
    environ[VISIT] = Visit(_understood(known), generation), counts
    return environ[VISIT]


def _limits(user: int) -> list[Limit]:
    return those_on(limit("user", user))


def _something_is_owed() -> bool:
    return ERA.is_owed() or listing.GENERATION.is_owed()


def _visit(request: HttpRequest, session: int, user: int) -> Visit | None:
    # Inside a transaction the database knows what Redis will learn when it commits.
    if settings.REDIS_URL and not connection.in_atomic_block:
        try:
            return _by_redis(request, session, user)
        except RedisError:
            pass
    generation = listing.GENERATION.current()
    caller = _read(session, user)
    if not caller:
        return None
    request.counted = count(_limits(user))
    return Visit(caller, generation)


def _by_redis(request: HttpRequest, session: int, user: int) -> Visit | None:
    if not (ERA.is_settled() and listing.GENERATION.is_settled()):
        raise RedisError("what it holds may be old")
    limits, lease = _limits(user), secrets.token_hex(8)
    generation, era, known, *seen = _trip(session, user, lease, b"", limits)
    if not known:
        caller = _read(session, user)
        if not caller:
            return None
        _generation, _era, _known, *seen = _trip(session, user, lease, era + b":" + orjson.dumps(list(caller)), limits)
    request.counted = counted(limits, seen[0])
    if _something_is_owed():  # Redis was away in between: what it says may be old
        caller, generation = _read(session, user), None
        return caller and Visit(caller, None)
    return Visit(_understood(known) if known else caller, generation)


def _trip(session: int, user: int, lease: str, read: bytes, limits: list[Limit]) -> list:
    keys, numbers = for_script(limits)
    return _TRIP([ERA.key, listing.GENERATION.key, f"callers:{user}", *keys], [f"{SHAPE}:{session}", lease, read, KEPT, *numbers])


@lru_cache(4096)
def _understood(record: bytes) -> Caller:
    return Caller(*orjson.loads(record.partition(b":")[2]))


@Select
def _find(session: int, user: int):
    from users.models import Session

    living = Session.objects.filter(pk=session, user=user, ended=None, user__is_active=True)
    return living.values_list("user_id", *(f"user__{field}" for field in Caller._fields[1:]))


def _read(session: int, user: int) -> Caller | None:
    found = _find(session, user)
    return Caller(*found[0]) if found else None


def forget(people: Collection[int]) -> None:
    """To be called in the transaction of every change of what is said of these people (ids), or of their sessions."""
    if people and settings.REDIS_URL:
        transaction.on_commit(partial(_forget, frozenset(people)))


def forget_everybody() -> None:
    """Likewise, where it is not known of whom."""
    transaction.on_commit(ERA.renew)


def _forget(people: frozenset[int]) -> None:
    if len(people) > MANY:
        return ERA.renew()
    try:
        caches.client().delete(*(f"callers:{pk}" for pk in people))
    except RedisError:
        ERA.renew()  # or owe it
