"""What is measured: our service, and the peers on the same tables and the same Redis."""

import json
import os
import secrets
import subprocess
import sys
from contextlib import ExitStack

from bench.machine import HOST, PROJECT, Server
from tests import servers

PEERS_PYTHON = PROJECT / "bench" / ".venv" / "bin" / "python"
PASSWORD = "bench-password-1"  # noqa: S105 of people who live as long as the benchmark
WORKERS = "2"
NO_END = "999999999/min"  # a limit that is counted on every request and never reached
GRANIAN = ["-m", "mentorship.server", "--interface", "wsgi", "--host", HOST, "--port", "{port}", "--workers", WORKERS,
           "--blocking-threads", "1", "--backpressure", "256", "--log-level", "warning"]  # fmt: skip


class Place:
    """A PostgreSQL and a Redis of the benchmark's own, with our tables, so many people in them, and their environment."""

    def __init__(self, users: int):
        self.postgres, self.valkey = servers.start_postgres(), servers.start_valkey()
        self.key = secrets.token_hex(32)
        self.environment = servers.bare_environment(
            **self.postgres.environment(), **self.valkey.environment(),
            ENV_FILE=os.devnull, SECRET_KEY=secrets.token_hex(32), JWT_SIGNING_KEY=self.key, DEBUG="false", ALLOWED_HOSTS=HOST,
            HOST=HOST, WORKERS=WORKERS, JWT_ACCESS_MINUTES="1000", JWT_REFRESH_MINUTES="1000",
            DJANGO_SUPERUSER_USERNAME="admin", DJANGO_SUPERUSER_PASSWORD=secrets.token_hex(),
            **dict.fromkeys(("THROTTLE_USER", "THROTTLE_ANON", "THROTTLE_LOGIN", "THROTTLE_REGISTRATION"), NO_END),
        )  # fmt: skip
        self.run("manage.py", "prepare", "--verbosity", "0")
        self.populate(users)

    def populate(self, users: int) -> None:
        self.run("manage.py", "populate", "--users", str(users), "--password", PASSWORD, "--verbosity", "0")
        self.settle()

    def connect(self):
        return self.postgres.connect(self.environment["DB_NAME"])

    def settle(self) -> None:
        """What autovacuum would have done by and by: else it does it in the middle of a load."""
        with self.connect() as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")

    def run(self, *arguments: str, patience: float = 3600, **environment: str) -> str:
        """What a Python program of the project prints. RuntimeError with its errors where it fails."""
        done = subprocess.run(  # noqa: S603 our own programs
            [sys.executable, *arguments], cwd=PROJECT, env=self.environment | environment, capture_output=True, text=True, timeout=patience
        )
        if done.returncode:
            raise RuntimeError(f"{arguments} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def sign_in(self, count: int) -> list[dict]:
        """So many people, spread over all, as {id, username, access, refresh}."""
        return json.loads(self.run("-m", "bench.people", str(count)))

    @property
    def stores(self) -> list[int]:
        return [self.postgres.process.pid, self.valkey.process.pid]

    def service(self, **environment: str) -> Server:
        """Ours, as `make run` starts it."""
        return Server("ours", [sys.executable, "manage.py", "serve", "--with-mail"], self.environment | environment, "/health/ready")

    def peers(self) -> Server:
        """FastAPI as one picks it: /api/ the idiomatic one, /tuned/, and /checked/ with the checks that ours makes."""
        return self._fastapi("fastapi", "bench.peers:app")

    def pushed(self) -> Server:
        """FastAPI pushed as far as we could: /pushed/, and /pushed-checked/ with the checks that ours makes."""
        return self._fastapi("pushed", "bench.pushed:app")

    def _fastapi(self, name: str, application: str) -> Server:
        at = self.postgres
        environment = self.environment | {
            "PEER_DSN": f"postgresql://{at.user}:{at.password}@{at.host}:{at.port}/{at.name}",
            "PEER_REDIS": self.valkey.url,
            "PEER_KEY": self.key,
        }
        command = [str(PEERS_PYTHON), "-m", "uvicorn", application, "--workers", WORKERS, "--host", HOST, "--port", "{port}"]
        return Server(name, [*command, "--no-access-log", "--log-level", "warning"], environment)

    def stock(self) -> Server:
        """Django REST Framework and simplejwt as they come, under our server."""
        with self.postgres.connect("postgres") as connection:
            connection.execute("CREATE DATABASE stock")
        more = {"STOCK_DB_NAME": "stock", "STOCK_USERS": "100", "DJANGO_SETTINGS_MODULE": "bench.stock"}
        self.run("-m", "bench.stock", "prepare", **more)
        return Server("stock", [sys.executable, *GRANIAN, "bench.stock:application"], self.environment | more)

    def hello(self) -> Server:
        return Server("hello", [sys.executable, *GRANIAN, "bench.hello:application"], self.environment)


class SecondPlace(Place):
    """A copy of another place's tables in a database beside them, with so many more people, and a Redis of its own."""

    def __init__(self, first: Place, name: str, users: int):
        self.postgres, self.valkey, self.key = first.postgres, servers.start_valkey(), first.key
        with self.postgres.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {first.environment['DB_NAME']}")
        self.environment = first.environment | {"DB_NAME": name} | self.valkey.environment()
        self.populate(users)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def start_all(place: Place, names: set[str], stack: ExitStack) -> dict[str, Server]:
    start = {"ours": place.service, "fastapi": place.peers, "pushed": place.pushed, "stock": place.stock, "hello": place.hello}
    return {name: stack.enter_context(start[name]()) for name in start if name in names}
