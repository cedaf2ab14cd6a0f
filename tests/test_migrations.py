"""The version that is running survives the migrations of the next one, and nobody waits long for them: the rules of docs/operations.md."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

from tests.service import place

pytestmark = pytest.mark.once

OURS = {"users", "products"}
HARMLESS = (
    migrations.AlterModelManagers, migrations.AlterModelOptions, migrations.CreateModel, migrations.RemoveConstraint,
    AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint,
)  # fmt: skip
# What breaks the rules all the same, and why that is right.
ARGUED = {
    ("users", "0002_doors_and_invites"): "of the time before the first release: nobody runs a version that has 0001 alone. It would not"
    " survive: rows that it inserts lack the new columns, and the table is locked while everybody gets an invite code.",
}


def dangers(operation: migrations.operations.base.Operation, made_here: set[str]) -> str:
    """Why the version that is running, or who waits for the table, may not survive the operation; '' where nothing is to fear.

    `made_here` are the models that the same migration made: nobody uses their tables yet.
    """
    if isinstance(operation, HARMLESS) or getattr(operation, "model_name", "").lower() in made_here:
        return ""
    if isinstance(operation, migrations.AddField):
        return _of_a_field(operation.field)
    if isinstance(operation, migrations.AddIndex | migrations.AddConstraint):
        return "reads the whole table while nobody writes: AddIndexConcurrently, or AddConstraintNotValid and ValidateConstraint"
    if isinstance(operation, migrations.RunPython | migrations.RunSQL):
        return "nobody but its author can say what it does, and for how long"
    return "the version that is running knows it as it was: first stop using it, and remove it one version later"


def _of_a_field(field: models.Field) -> str:
    if field.many_to_many:
        return ""
    if not field.null and field.db_default is models.NOT_PROVIDED:
        return "a row that the version that is running inserts has no value for it: null=True or db_default=…"
    if field.unique or field.db_index:
        return "its index is built while nobody writes: db_index=False, and AddIndexConcurrently"
    return ""


def found() -> dict[tuple[str, str], list[str]]:
    """By migration of ours, what is to fear of it."""
    seen = {}
    for key, migration in MigrationLoader(None).disk_migrations.items():
        if key[0] in OURS and not migration.initial:
            made = {operation.name.lower() for operation in migration.operations if isinstance(operation, migrations.CreateModel)}
            said = [f"{operation.describe()}: {why}" for operation in migration.operations if (why := dangers(operation, made))]
            seen |= {key: said} if said else {}
    return seen


def test_the_running_version_survives_every_migration_that_is_not_argued_for():
    assert {key: said for key, said in found().items() if key not in ARGUED} == {}


def test_nothing_is_argued_for_that_breaks_no_rule():
    assert ARGUED.keys() <= found().keys()


TEXT = models.TextField
INDEX = models.Index(fields=["phone"], name="some_index")
CHECK = models.CheckConstraint(condition=models.Q(phone=""), name="some_constraint")


@pytest.mark.parametrize("operation", [
    migrations.AddField("user", "x", TEXT()),
    migrations.AddField("user", "x", TEXT(default="")),
    migrations.AddField("user", "x", TEXT(null=True, unique=True)),
    migrations.AddField("user", "x", models.ForeignKey("users.User", models.CASCADE, null=True)),
    migrations.AlterField("user", "phone", TEXT()),
    migrations.RemoveField("user", "phone"),
    migrations.RenameField("user", "phone", "x"),
    migrations.RenameModel("User", "Person"),
    migrations.DeleteModel("PhoneCode"),
    migrations.AlterModelTable("user", "people"),
    migrations.AddIndex("user", INDEX),
    migrations.AddConstraint("user", CHECK),
    migrations.RunSQL("DROP TABLE users_user"),
    migrations.RunPython(print),
], ids=lambda operation: operation.describe())  # fmt: skip
def test_what_is_to_fear(operation):
    assert dangers(operation, set())


@pytest.mark.parametrize("operation", [
    migrations.AddField("user", "x", TEXT(null=True)),
    migrations.AddField("user", "x", TEXT(db_default="")),
    migrations.AddField("user", "x", models.ManyToManyField("users.User")),
    migrations.CreateModel("Badge", [("id", models.BigAutoField(primary_key=True))]),
    AddIndexConcurrently("user", INDEX),
    AddConstraintNotValid("user", CHECK),
    migrations.AlterModelOptions("user", {}),
], ids=lambda operation: operation.describe())  # fmt: skip
def test_what_is_not(operation):
    assert not dangers(operation, set())


def test_an_index_of_a_table_that_is_made_with_it_is_nothing_to_fear():
    assert not dangers(migrations.AddIndex("badge", models.Index(fields=["id"], name="some_index")), {"badge"})


@pytest.mark.servers
def test_a_migration_that_waits_for_a_table_keeps_nobody_behind_it_waiting_for_long():
    """A long reader, such as pg_dump, holds a table; a migration wants it for itself; and whoever comes then stands behind both."""
    with place() as where:
        where.manage("migrate", "users", "0001", "--verbosity", "0")
        with connect(where) as reader, connect(where) as visitor, ThreadPoolExecutor(1) as other:
            reader.execute("SELECT count(*) FROM users_user")  # and its transaction goes on
            prepared = other.submit(where.manage, "prepare", "--verbosity", "0")
            try:
                wait_until_somebody_waits(where)
                taken = [time_to_read(visitor) for _ in range(20)]  # LockNotAvailable where one would be a 503
            finally:
                reader.rollback()
            prepared.result()
        assert max(taken) < 2
        assert where.rows("SELECT count(*) FROM users_user WHERE invite_code IS NULL") == [(0,)]


def connect(where) -> psycopg.Connection:
    at = where.environment
    account = {"dbname": at["DB_NAME"], "user": at["POSTGRES_USER"], "password": at["POSTGRES_PASSWORD"]}
    return psycopg.connect(host=at["DB_HOST"], port=at["DB_PORT"], **account, options="-c lock_timeout=3000", connect_timeout=5)


def wait_until_somebody_waits(where) -> None:
    deadline = time.monotonic() + 60
    while not where.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'users_user'::regclass"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def time_to_read(connection: psycopg.Connection) -> float:
    begun = time.monotonic()
    connection.execute("SELECT 1 FROM users_user LIMIT 1")
    connection.rollback()
    taken = time.monotonic() - begun
    time.sleep(0.25)
    return taken
