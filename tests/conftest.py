import pytest

from tests.newcomer import make_clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    return make_clone(tmp_path_factory.mktemp("clone") / "mentorship")
