"""`python -m bench.inside`: what one request costs inside one process, without HTTP: for finding what a step buys.

Python's own CPU, the least of many groups, in microseconds: it moves far less with what else the machine does than a load.
With `--profile OPERATION` the functions that it goes to.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import sys
import time

from bench.load import Request
from bench.operations import Operations
from bench.targets import Place

GROUPS, GROUP = 30, 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inside", description=__doc__)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--profile", metavar="OPERATION")
    asked = parser.parse_args()
    place = Place(asked.users)
    operations = Operations(place.sign_in(50), last=asked.users)
    os.environ.clear()
    os.environ.update(place.environment | {"DJANGO_SETTINGS_MODULE": "mentorship.settings"})
    from mentorship.wsgi import application

    loads = {
        "list, cached": operations.users("/api/users/"),
        "list, new generation": operations.pages("/api/users/"),
        "detail": operations.detail("/api/users/"),
        "refresh": operations.refresh("/api/token/refresh/"),
        "PATCH": operations.patch("/api/users/me/"),
        "login": operations.login("/api/login/"),
        "registration": operations.registration("/api/registration/"),
    }
    for name, requests in loads.items():
        if asked.profile in (None, name):
            sys.stdout.write(f"{name:22} {cost(application, requests, profiled=bool(asked.profile)):8.0f} µs\n")


def cost(application, requests: list[Request], *, profiled: bool) -> float:
    environs = [environ(request) for request in requests * (1 + GROUPS * GROUP // len(requests))]
    groups = 3 if "registration" in requests[0].path or "login" in requests[0].path else GROUPS
    call(application, environs.pop())
    profiler = cProfile.Profile()
    if profiled:
        profiler.enable()
    spent = []
    for number in range(groups):
        begun = time.process_time()
        for one in environs[number * GROUP : (number + 1) * GROUP]:
            call(application, one)
        spent.append((time.process_time() - begun) / GROUP)
    if profiled:
        profiler.disable()
        pstats.Stats(profiler).sort_stats(os.environ.get("SORT", "tottime")).print_stats(70)
    return 1e6 * min(spent)


def environ(request: Request) -> dict:
    path, _, query = request.path.partition("?")
    body = b"" if request.body == "-" else request.body.encode()
    found = {
        "REQUEST_METHOD": request.method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "wsgi.input": body,
    }  # fmt: skip
    if request.token != "-":  # noqa: S105 none
        found["HTTP_AUTHORIZATION"] = f"Bearer {request.token}"
    if body:
        found |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    return found


def call(application, given: dict) -> None:
    said = []
    answer = application(given | {"wsgi.input": io.BytesIO(given["wsgi.input"])}, lambda status, headers, *_: said.append(status))
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    if not said[0].startswith("2"):
        raise RuntimeError(f"{given['PATH_INFO']}: {said[0]} {json.dumps(body.decode()[:300])}")


if __name__ == "__main__":
    main()
