"""Forged, expired and mixed-up tokens, wherever a token is read: each is refused, and good ones still do.

Which routes read an access token is read off the service's own schema.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import product

from tests.service import PASSWORD, Place, Service, place
from torture.endpoints import Endpoint, Kind, Request, read
from torture.forgeries import forgeries
from torture.report import Row, counted
from torture.sending import SLOWEST, Callers, Senders, Tally

LONGEST = 2048  # characters of a token in a body: a longer one is a 400 for its length
ALL = 16_000  # requests
TO_ALL, READING, REFRESHING, LEAVING = 0.7, 0.06, 0.12, 0.12  # which part of them goes where
REFRESH, LOGOUT = Endpoint("POST", "/api/token/refresh/"), Endpoint("POST", "/api/logout/")
TOO = {"/api/logout/", "/api/auth/code/"}  # they go without a token, but not with none but a wrong one

LOCK = "from users.models import User; User.objects.filter(username='locked').update(is_active=False)"


def run(scale: float) -> Iterator[Row]:
    with place(JWT_ACCESS_MINUTES="600", JWT_REFRESH_MINUTES="600") as where, ExitStack() as stack:
        services = [stack.enter_context(Service(where)) for _ in range(2 if os.environ["TEST_ON"] == "postgres" else 1)]
        yield from _of(where, services, scale)


def _of(where: Place, services: list[Service], scale: float) -> Iterator[Row]:
    callers, lost = Callers(where, 50), _lost(where, services[0])
    mine, theirs = callers.take(), callers.take()
    access = forgeries(mine["access"], mine["refresh"], theirs["access"]) | {what: pair["access"] for what, pair in lost.items()}
    refresh = forgeries(mine["refresh"], mine["access"], theirs["refresh"]) | {what: pair["refresh"] for what, pair in lost.items()}
    senders = Senders(services, callers)
    needing, reading = _by_need(services[0].get("/api/schema/").json())
    for share, endpoints, tokens, make, where_to, promised in (
        (TO_ALL, needing, access, _shown, f"access tokens at the {len(needing)} endpoints that need one", "401"),
        (READING, reading, access, _ignored, f"access tokens at {len(reading)} that need none", "200: it is not looked at"),
        (REFRESHING, [REFRESH], refresh, _exchanged, "refresh tokens at /api/token/refresh", f"401; 400 beyond {LONGEST} characters"),
        (LEAVING, [LOGOUT], refresh, _handed_in, "refresh tokens at /api/logout", "400"),
    ):
        tally, kind = Tally(), Kind("tokens", "", list(product(endpoints, tokens.values())), make)
        senders.send([(kind, number) for number in range(max(40, int(ALL * scale * share)))], tally)
        yield tally.row(f"{len(tokens)} wrong {where_to}", f"{promised}, none over {SLOWEST:g} s")
    yield _good_ones_do(services, [mine, theirs])


def _by_need(schema: dict) -> tuple[list[Endpoint], list[Endpoint]]:
    """The endpoints where a wrong token is a 401, and those that anybody may read."""
    needing, reading = [], []
    for endpoint in read(schema):
        operation = schema["paths"].get(endpoint.path, {}).get(endpoint.method.lower())
        if operation and (endpoint.path in TOO or {} not in operation.get("security", [{}])):
            needing.append(replace(endpoint, fields=()) if endpoint.path == LOGOUT.path else endpoint)
        elif operation and endpoint.method == "GET":
            reading.append(endpoint)
    return needing, reading


def _shown(endpoint: Endpoint, token: str, _variant: int) -> Request:
    return Request(endpoint.method, endpoint.path, endpoint.body, (("Authorization", f"Bearer {token}"),), promised=(401,))


def _ignored(endpoint: Endpoint, token: str, variant: int) -> Request:
    return replace(_shown(endpoint, token, variant), promised=(200,))


def _exchanged(endpoint: Endpoint, token: str, _variant: int) -> Request:
    promised = (401,) if len(token) <= LONGEST else (400,)
    return Request(endpoint.method, endpoint.path, json.dumps({"refresh": token}).encode(), promised=promised)


def _handed_in(endpoint: Endpoint, token: str, _variant: int) -> Request:
    """With somebody's good access token beside it, most times: it ends nothing of theirs, either."""
    return Request(endpoint.method, endpoint.path, json.dumps({"refresh": token, "everywhere": True}).encode(), promised=(400,))


def _lost(where: Place, service: Service) -> dict[str, dict[str, str]]:
    """Pairs of tokens that were good once, by how they were lost."""
    pairs = {}
    for name in ("deleted", "left", "locked", "renewed", "thrown_out"):
        service.sign_up(name)
        pairs[name] = service.sign_in(name)
    later = service.sign_in("renewed")["access"], service.sign_in("thrown_out")["access"]
    service.call("DELETE", "/api/users/me/", token=pairs["deleted"]["access"])
    service.sign_up("deleted")
    service.post("/api/logout", {}, pairs["left"]["access"])
    where.manage("shell", "--verbosity", "0", "-c", LOCK)
    service.post("/api/change-password", {"old_password": PASSWORD, "new_password": f"{PASSWORD}, renewed"}, later[0])
    service.call("DELETE", "/api/sessions/", token=later[1])
    return pairs


def _good_ones_do(services: list[Service], people: list[dict]) -> Row:
    """Those whose tokens were forged are signed in as before."""
    wrong = []
    for service, person in product(services, people):
        read_by = service.get("/api/users/me/", person["access"]).status_code
        refreshed = service.post("/api/token/refresh", {"refresh": person["refresh"]}).status_code
        if (read_by, refreshed) != (200, 200):
            wrong.append(f"{person['username']}: {read_by}, {refreshed}")
    times = 2 * len(services) * len(people)
    return Row("afterwards: the tokens that those were made of", times, "200", f"not 200: {counted(wrong)}", not wrong)
