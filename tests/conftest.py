from contextlib import ExitStack
from importlib.util import find_spec

import pytest

from tests.newcomer import PROJECT, make_clone
from users.tests.conftest import gateway  # noqa: F401 what takes the messages to phones

# Where only requirements.txt is installed, what drives the real service as a client or in a browser is left out.
if not (find_spec("requests") and find_spec("selenium")):
    collect_ignore = [path.name for path in (PROJECT / "tests").glob("test_*.py") if "tests.service" in path.read_text()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return make_clone(tmp_path_factory.mktemp("clone") / "mentorship")


@pytest.fixture(scope="module")
def where():
    """A database of its own for the instances of the service that a file tries."""
    from tests.service import place

    with place() as somewhere:
        yield somewhere


@pytest.fixture(scope="module")
def services(where):
    """Four instances of the service on that database."""
    from tests.service import Service

    with ExitStack() as running:
        yield [running.enter_context(Service(where)) for _ in range(4)]


@pytest.fixture(scope="module")
def valkey():
    """A Redis of its own, for what happens to it."""
    from tests.servers import start_valkey

    server = start_valkey()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def both(where):
    """Two instances of the service."""
    from tests.service import Service

    with Service(where) as one, Service(where) as other:
        yield one, other


@pytest.fixture(scope="module")
def shell(where):
    """`manage.py shell` on the same database."""
    from tests.service import Shell

    with Shell(where) as opened:
        yield opened
