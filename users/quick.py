"""The two reads that clients make most, answered ahead of DRF's view: a page of the list that this process has, and a detail.

A shortcut answers only what is in order: a known caller below the limit, who asks for what is there, by parameters that
the view has already read once. Anything else it leaves to the view behind it, which knows how to refuse and how to find.
Byte for byte and header for header they answer alike. This halved what a page costs, and a detail.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from functools import partial, wraps

import orjson
from django.db import Error as DatabaseTrouble
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.exceptions import TokenError

from mentorship.api.fields import parse_id
from mentorship.api.throttling import Count, tell
from mentorship.database import drop_a_dead_connection
from users import callers, cards
from users.sessions.tokens import AccessToken, bearer, read_access_token

MOST_ROWS = 5000  # of the pages that a process keeps: about 5 MB


def ahead(shortcut: Callable[..., HttpResponse | None], view: Callable) -> Callable:
    """The view, but a GET is answered by the shortcut where it can."""

    @wraps(view)
    def answer(request: HttpRequest, **kwargs):
        quick = shortcut(request, **kwargs) if request.method == "GET" else None
        return view(request, **kwargs) if quick is None else quick

    return answer


def _token(environ: dict) -> AccessToken | None:
    raw = bearer(environ.get("HTTP_AUTHORIZATION", "").encode("latin-1"))
    try:
        return raw and read_access_token(raw)
    except TokenError:
        return None


def _visit(request: HttpRequest) -> callers.Visit | None:
    """Who comes, counted; None where that is not in order, for the view to say why."""
    token = _token(request.META)
    if not token:
        return None
    try:
        visit = callers.visit(request, token.session_id, token.user_id)
    except DatabaseTrouble:
        return None
    counts = getattr(request, "counted", [])
    if not visit or any(count.is_exceeded for count in counts):
        return None
    if counts:
        tell(request, counts)
    return visit


LIST = {"Content-Type": "application/json", "Allow": "GET, HEAD, OPTIONS"}
DETAIL = {"Content-Type": "application/json", "Allow": "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"}


class Page:
    """A page of the list as anybody is shown it, and what of it is shown differently to whom."""

    def __init__(self, cards_of_it: list[cards.Card], headers: dict[str, str]):
        self.cards, self.headers = cards_of_it, LIST | headers
        self.rows = [orjson.dumps(cards.brief(card, callers.STRANGER)) for card in cards_of_it]
        self.public = self._body(self.rows)
        self.places = defaultdict(list)  # by id: where somebody stands, and where those stand who chose them
        for place, card in enumerate(cards_of_it):
            self.places[card.id].append(place)
            if card.mentor_id:
                self.places[card.mentor_id].append(place)

    def shown_to(self, viewer) -> bytes:
        if viewer.is_staff:
            return self._body([orjson.dumps(cards.brief(card, viewer)) for card in self.cards])
        own = [*self.places.get(viewer.pk, ()), *self.places.get(viewer.mentor_id, ())]
        own = [place for place in own if cards.may_see_contacts(viewer, self.cards[place])]
        if not own:
            return self.public
        rows = self.rows.copy()
        for place in own:
            rows[place] = orjson.dumps(cards.brief(self.cards[place], viewer))
        return self._body(rows)

    def response_to(self, viewer) -> HttpResponse:
        return HttpResponse(self.shown_to(viewer), headers=self.headers)

    @staticmethod
    def _body(rows: list[bytes]) -> bytes:
        return b"[" + b",".join(rows) + b"]"


class _Pages:
    """The pages that this process has, by the request, under the generation of the list in which they were read."""

    def __init__(self):
        self.pages: OrderedDict[tuple, tuple[bytes, float, Page]] = OrderedDict()
        self.rows = 0

    def find(self, place: tuple, generation: bytes) -> Page | None:
        kept = self.pages.get(place)
        return kept[2] if kept and kept[0] == generation and time.monotonic() < kept[1] else None

    def keep(self, place: tuple, generation: bytes, until: float, page: Page) -> None:
        self._drop(place)
        self.pages[place] = generation, until, page
        self.rows += len(page.rows)
        while self.rows > MOST_ROWS:
            self._drop(next(iter(self.pages)))

    def _drop(self, place: tuple) -> None:
        if kept := self.pages.pop(place, None):
            self.rows -= len(kept[2].rows)


PAGES = _Pages()


def keep(request: HttpRequest, page: Page, seconds: float) -> None:
    """What the view made of a request is the answer to the next one like it, for so long."""
    visit = request.visit
    if visit.generation and seconds > 0:
        PAGES.keep(_place(request.META, visit), visit.generation, time.monotonic() + seconds, page)


def _place(environ: dict, visit: callers.Visit) -> tuple:
    return visit.caller.is_staff, environ["PATH_INFO"], environ.get("QUERY_STRING", "")


def users(request: HttpRequest) -> HttpResponse | None:
    """A page of the list."""
    visit = _visit(request)
    if not visit or not visit.generation:
        return None
    page = PAGES.find(_place(request.META, visit), visit.generation)
    if not page:
        return None
    response = page.response_to(visit.caller)
    response.at_the_door = partial(_at_the_door, _page)
    return response


def _page(environ: dict, visit: callers.Visit) -> bytes | None:
    page = PAGES.find(_place(environ, visit), visit.generation)
    return page and page.shown_to(visit.caller)


def _at_the_door(find: Callable, environ: dict) -> tuple[bytes, Count | None] | None:
    """What `find` gives a known caller below the limit; see mentorship/api/door.py."""
    token = _token(environ)
    found = token and callers.visit_at_the_door(environ, token.session_id, token.user_id)
    if not found:
        return None
    visit, counts = found
    body = None if any(count.is_exceeded for count in counts) else find(environ, visit)
    return body and (body, counts[0] if counts else None)


def user(request: HttpRequest, who: str) -> HttpResponse | None:
    """The detail of oneself, as `me`, and of an active user by id."""
    pk = parse_id(who)
    visit = _visit(request) if pk or who == "me" else None
    if not visit:
        return None
    body = _detail(pk, visit.caller)
    if not body:
        return None
    response = HttpResponse(body, headers=DETAIL)
    response.at_the_door = partial(_at_the_door, _detail_of_the_path)
    return response


def _detail(pk: int | None, caller: callers.Caller) -> bytes | None:
    try:
        card = cards.own(caller.pk) if pk in (None, caller.pk) else cards.of(pk)
    except DatabaseTrouble:
        return None
    return orjson.dumps(cards.detail(card, caller)) if card else None


def _detail_of_the_path(environ: dict, visit: callers.Visit) -> bytes | None:
    drop_a_dead_connection()  # as where a request begins
    who = environ["PATH_INFO"].rstrip("/").rpartition("/")[2]
    pk = parse_id(who)
    return _detail(pk, visit.caller) if pk or who == "me" else None
