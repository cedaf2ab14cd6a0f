"""Sessions and spent tokens in the admin: looked at, ended, never changed."""

import pytest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

SESSIONS = "/admin/users/session/"
TOKENS = ["outstandingtoken", "blacklistedtoken"]


@pytest.fixture
def phone(sign_in, john):
    return sign_in(john)


@pytest.fixture
def spent(phone):
    """John's refresh token after he logged out."""
    phone.post("/api/logout", {"refresh": phone.refresh})
    return phone.refresh


def listed(answer):
    assert answer.status_code == 200
    return [session.user.username for session in answer.context["cl"].result_list]


def test_they_are_listed_and_found_by_the_user(staff, phone, sign_in, eve):
    sign_in(eve)
    assert listed(staff.get(SESSIONS)) == ["eve", "john"]
    assert listed(staff.get(SESSIONS, {"q": "ＪＯ"})) == ["john"]


@pytest.mark.parametrize(("alive", "found"), [("yes", ["eve"]), ("no", ["john"]), ("?", ["eve", "john"])])
def test_they_are_filtered_by_being_alive(staff, phone, sign_in, eve, alive, found):
    phone.post("/api/logout")
    sign_in(eve)
    assert listed(staff.get(SESSIONS, {"alive": alive})) == found


def test_they_are_ended_at_once(staff, said, history, phone, sign_in, john, eve):
    hers = sign_in(eve)
    answer = staff.post(SESSIONS, {"action": "end", "_selected_action": [john.sessions.get().pk]})
    assert [phone.get("/api/users/me").status_code, hers.get("/api/users/me").status_code] == [401, 200]
    assert (said(answer), history(john)) == (["1 session was ended."], ["Sessions ended."])


def test_one_cannot_be_added_changed_or_deleted(staff, phone, john):
    path = f"{SESSIONS}{john.sessions.get().pk}"
    assert staff.get(f"{path}/change/").status_code == 200
    for change in (f"{SESSIONS}add/", f"{path}/change/", f"{path}/delete/"):
        assert staff.post(change, {"ended_0": "2020-01-01"}).status_code == 403
    assert phone.get("/api/users/me").status_code == 200


def test_many_cost_as_many_statements_as_few(staff, sign_in, john, django_assert_max_num_queries):
    for _login in range(10):
        sign_in(john)
    with django_assert_max_num_queries(4):
        assert len(listed(staff.get(SESSIONS))) == 10


@pytest.mark.parametrize("model", TOKENS)
def test_token_tables_are_read_only(staff, spent, model):
    rows = {"outstandingtoken": OutstandingToken, "blacklistedtoken": BlacklistedToken}[model].objects
    path, pk = f"/admin/token_blacklist/{model}/", rows.get().pk
    assert staff.get(path).status_code == 200
    assert staff.get(f"{path}{pk}/change/").status_code == 200
    for change in ("add/", f"{pk}/change/", f"{pk}/delete/"):
        assert staff.post(f"{path}{change}", {"jti": "x"}).status_code == 403
    staff.post(path, {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert rows.exists()


@pytest.mark.parametrize(("model", "rows"), [("outstandingtoken", OutstandingToken), ("blacklistedtoken", BlacklistedToken)])
def test_no_token_is_shown(staff, spent, model, rows):
    page = staff.get(f"/admin/token_blacklist/{model}/{rows.objects.get().pk}/change/").content.decode()
    assert spent not in page


def test_the_column_for_tokens_is_not_shown(staff, spent):
    page = staff.get(f"/admin/token_blacklist/outstandingtoken/{OutstandingToken.objects.get().pk}/change/").content.decode()
    assert "field-jti" in page
    assert "field-token" not in page
