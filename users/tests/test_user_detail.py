"""One user, by id, by name or as oneself."""

from urllib.parse import quote

import pytest

OWN = {"password", "email_verified", "phone_verified", "invite_code", "invited", "invited_count"}
MINE = {"id", "username", "is_mentor", "phone", "email", "mentees", "mentees_count", "mentor", "mentor_username",
        "first_name", "last_name"} | OWN  # fmt: skip


def test_one_sees_all_of_oneself_but_the_password(client, john):
    answer = client.get("/api/users/me/")
    assert answer.status_code == 200
    assert set(answer.json()) == MINE
    assert answer.json()["password"] == "********"
    assert john.password not in answer.content.decode()


def test_of_another_there_is_no_password_at_all_nor_what_else_is_ones_own(client, alice):
    assert set(client.get(f"/api/users/{alice.pk}/").json()) == MINE - OWN


def test_staff_do_not_see_what_is_ones_own_either(sign_in, sam, alice):
    assert set(sign_in(sam).get("/api/users/alice/").json()) == MINE - OWN


def test_a_mentor_looks_like_this(client, alice, john):
    assert client.get(f"/api/users/{alice.pk}/").json() == {
        "id": alice.pk, "username": "alice", "is_mentor": True, "phone": None, "email": None, "mentees": ["john"], "mentees_count": 1,
        "mentor": None, "mentor_username": None, "first_name": "", "last_name": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ['"}', "\\", '\\"', "</script>", "<b>&amp;", "'); --", "пароль"])
def test_a_text_stays_within_its_quotes(client, john, text):
    assert client.patch("/api/users/me", {"first_name": text}).json()["first_name"] == text
    for path in ("/api/users/me", "/api/users/john", f"/api/users/{john.pk}"):
        assert client.get(path).json()["first_name"] == text


@pytest.mark.parametrize("name", ["john", "JOHN", "ｊohn", "me", "ME", "ｍe"])
def test_id_name_and_me_lead_to_the_same(client, john, name):
    assert client.get(f"/api/users/{quote(name)}/").json() == client.get(f"/api/users/{john.pk}/").json()


@pytest.mark.parametrize("name", ["a@b.example", "x+y", "a.b", "Иван", "...", "-", "1a", "_"])
def test_any_name_that_one_can_have_leads_to_its_user(client, person, name):
    bob = person(name)
    assert client.get(f"/api/users/{quote(name)}/").json()["id"] == bob.pk


@pytest.mark.parametrize(
    "nobody", ["0", "999999", str(2**63 - 1), str(2**63), "9" * 3000, "-1", "1.5", "nobody", "%D9%A1", "%00", "a%00b", "%ff", "%20", "a%2Fb",
               "x" * 151, "x" * 3000],
)  # fmt: skip
def test_who_is_not_there_is_404(client, nobody):
    answer = client.get(f"/api/users/{nobody}/")
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}


def test_digits_are_an_id_and_nothing_else(client, john):
    assert client.get(f"/api/users/0{john.pk}/").json()["username"] == "john"
    assert client.get(f"/api/users/{john.pk}%20/").status_code == 404


def test_the_inactive_are_404_but_for_staff(client, person, sign_in, sam):
    gone = person("gone", is_active=False)
    assert client.get(f"/api/users/{gone.pk}/").status_code == 404
    assert client.get("/api/users/gone/").status_code == 404
    assert sign_in(sam).get(f"/api/users/{gone.pk}/").json()["username"] == "gone"


def test_staff_see_no_password_of_another(sign_in, sam, john):
    assert "password" not in sign_in(sam).get(f"/api/users/{john.pk}/").json()


@pytest.mark.parametrize("path", ["/api/users/me/", "/api/users/1/", "/api/users/john/"])
def test_it_needs_a_token(anyone, john, path):
    assert anyone.get(path).status_code == 401


def test_two_who_mentor_each_other_can_both_be_shown(alice, person, sign_in):
    bob = person("bob", is_mentor=True, mentor=alice)
    alice.choose_mentor(bob)
    client = sign_in(alice)
    assert client.get("/api/users/me/").json()["mentees"] == [client.get("/api/users/me/").json()["mentor"]] == ["bob"]
    assert client.get("/api/users/bob/").json()["mentees"] == ["alice"]
