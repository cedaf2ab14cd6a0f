"""Pages of the user list: read, rendered, and kept by each process under the generation of the list in which they were read.

What anybody is shown is rendered once, and most readers are shown just that; for who has to do with somebody on the page it is rendered
anew, which takes some 50 µs.
"""

import re
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from itertools import starmap

import orjson
from django.http import HttpResponse

from mentorship import caches
from mentorship.api.pagination import PAGE_SIZE, PageQuery, Window
from mentorship.statements import Select
from users import cards, listing
from users.models import User

MOST = 2**20  # bytes of the pages that a process keeps, as they are sent; what is kept beside them is several times as much
SHAPE = caches.shape(cards.Card)
HEADERS = {"Content-Type": "application/json", "Allow": "GET, HEAD, OPTIONS"}


class Page:
    """A page of the list as anybody is shown it, and what of it is shown differently to whom."""

    def __init__(self, found: list[cards.Card], link: dict[str, str]):
        self.found, self.link = found, link
        self.public = orjson.dumps(cards.public(found))
        self.people = frozenset([card.id for card in found])
        self.concerned = self.people.union([card.mentor_id for card in found])  # who stands here, or mentors somebody here

    def shown_to(self, viewer) -> bytes:
        if viewer.is_staff or viewer.pk in self.concerned or (viewer.mentor_id in self.people and viewer.was_taken_on()):
            return orjson.dumps([cards.brief(card, viewer) for card in self.found])
        return self.public

    def response_to(self, viewer) -> HttpResponse:
        return HttpResponse(self.shown_to(viewer), headers=HEADERS | self.link)


@dataclass(frozen=True)
class Asked:
    """What a page is asked by, checked: it can be read again when the list has changed."""

    is_staff: bool
    window: Window
    path: str
    parameters: dict[str, str]
    narrowed_by: PageQuery | None = None

    @classmethod
    def by(cls, query: PageQuery, *, is_staff: bool, path: str, parameters: dict[str, str]) -> "Asked":
        return cls(is_staff, query.window, path, parameters, query if query.filters else None)

    @classmethod
    def plainly(cls, place: tuple) -> "Asked | None":
        """By no parameter but a cursor: what is asked most, and is understood without a serializer. None where it is not so."""
        is_staff, path, query = place
        plain = PLAIN.fullmatch(query)
        if not plain:
            return None
        cursor, pk = plain.groups()
        return cls(is_staff, Window("id", PAGE_SIZE, **{cursor: int(pk)} if cursor else {}), path.rstrip("/") + "/", {})

    def page(self, generation: bytes | None) -> tuple[Page, float]:
        """The page, and for how many seconds it may be served. Without a generation (no Redis, or it is away) nothing is kept."""
        place = generation and listing.place(self._name, generation)
        kept, seconds = listing.find(place) if place else (None, 0)
        if kept:
            listing.served_from("redis")
            rows, more = orjson.loads(kept)
        else:
            listing.served_from("database")
            rows, more = self._read()
            if place:
                listing.keep(place, orjson.dumps((rows, more)))
                seconds = listing.OLDEST
        found = list(starmap(cards.Card, rows))
        return Page(found, self.window.headers(self.path, self.parameters, found, more)), seconds

    @property
    def _name(self) -> str:
        scope, filters = "all" if self.is_staff else "active", self.narrowed_by and sorted(self.narrowed_by.filters.items())
        return f"{SHAPE}:{scope}:{[*self.window]}:{filters}"

    def _read(self) -> tuple[list, bool]:
        window = self.window
        if self.narrowed_by or window.size != PAGE_SIZE:
            people = _everybody(self.is_staff).cards()
            found = list(window.of(self.narrowed_by.narrow(people) if self.narrowed_by else people))
        else:
            found = _plain_page(self.is_staff, *window.cursor)(*window.cursor.values())
        return window.cut(found)


PLAIN = re.compile(r"(?:(after|before)=([0-9]{1,18}))?", re.ASCII)


@lru_cache
def _plain_page(is_staff: bool, cursor: str | None = None) -> Select:
    """A page of everybody by id, of the usual size, by its cursor `after` or `before`, or the first one."""

    def build(*pk: int):
        return Window("id", PAGE_SIZE, **{cursor: pk[0]} if cursor else {}).of(_everybody(is_staff).cards())

    return Select(build)


def _everybody(is_staff: bool):
    return User.objects.all() if is_staff else User.objects.active()


class Kept:
    """The pages that this process has, by the request for them. They are of one generation; one of another is read again."""

    def __init__(self):
        self.pages: OrderedDict[tuple, tuple[bytes, float, Page, Asked]] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()

    def find(self, place: tuple, generation: bytes) -> Page | None:
        """The page that was made for that place before; read anew where the list has changed since, or where it is plain what is asked."""
        kept = self.pages.get(place)
        if not kept:
            asked = Asked.plainly(place)
            return asked and self.made(asked, place, generation)
        made_in, until, page, asked = kept
        if made_in != generation or time.monotonic() >= until:
            return self.made(asked, place, generation)
        listing.served_from("process")
        return page

    def made(self, asked: Asked, place: tuple, generation: bytes | None) -> Page:
        begun = time.monotonic()
        page, seconds = asked.page(generation)
        if generation and seconds > 0:
            self._keep(place, (generation, begun + seconds, page, asked))
        return page

    def _keep(self, place: tuple, kept: tuple[bytes, float, Page, Asked]) -> None:
        with self.lock:
            self._drop(place)
            self.pages[place] = kept
            self.size += _size(place, kept[2])
            while self.size > MOST:
                self._drop(next(iter(self.pages)))

    def _drop(self, place: tuple) -> None:
        if kept := self.pages.pop(place, None):
            self.size -= _size(place, kept[2])


def _size(place: tuple, page: Page) -> int:
    return len(page.public) + 4 * len(place[2]) + 2000  # the parameters are kept several times, and an empty page is something, too


KEPT = Kept()


def place(environ: dict, is_staff: bool) -> tuple:
    """Requests of the same place are for the same page."""
    return is_staff, environ["PATH_INFO"], environ.get("QUERY_STRING", "")
