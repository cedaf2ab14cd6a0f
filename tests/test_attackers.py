"""The attacker's table for phones and invites, each row tried. What they get: nothing."""

import pytest
from rest_framework.test import APIClient

from conftest import PASSWORD
from users.models import PhoneCode, Session, User
from users.tests.doors import FIVE_WAYS, PHONE, REFUSED, another, ask, in_text, use

pytestmark = pytest.mark.usefixtures("db", "gateway")
NO_ACCOUNT = {"detail": "No active account found with the given credentials"}
HOUR = 3600


@pytest.fixture(autouse=True)
def limits(settings):
    """As the service has them where nothing is set; those of every request leave room for the rows below."""
    settings.THROTTLES = {"user": (1000, 60), "anon": (1000, 60), "login": (10, 60), "registration": (30, 60), "code_phone": (5, HOUR),
                          "code_address": (20, HOUR), "invite": (10, HOUR), "letter": (10, HOUR)}  # fmt: skip


@pytest.fixture
def evil():
    """Somebody who is not signed in, at an address of their own."""
    return APIClient(REMOTE_ADDR="10.0.0.66")


@pytest.fixture
def lying_in_wait(evil, sign_in):
    """An account on which the attacker wrote somebody else's phone before its owner came."""
    assert register(evil, "evil", phone=PHONE).status_code == 201
    return sign_in(User.objects.get(username="evil"))


@pytest.fixture
def read(gateway):
    """The last code that the phone's owner got."""
    return lambda phone=PHONE: in_text([text for to, text in gateway.received if to == phone][-1])


def register(client, username, **fields):
    return client.post("/api/registration", {"username": username, "password": PASSWORD, **fields})


def login(client, phone=PHONE, password=PASSWORD):
    return client.post("/api/login", {"phone": phone, "password": password})


def told(answer) -> tuple:
    """What an answer tells, but for how much is left of a limit."""
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("RateLimit-")}
    return answer.status_code, answer.content, headers, {name for name in answer.headers if name.startswith("RateLimit-")}


# Registers another's phone first, and waits


def test_who_waits_signs_in_by_it_neither_before_nor_after(evil, lying_in_wait, anyone, read):
    assert (login(evil).status_code, login(evil).json()) == (401, NO_ACCOUNT)
    ask(anyone)
    assert use(anyone, read()).json()["created"] is True
    assert login(evil).json() == NO_ACCOUNT


def test_the_owners_code_never_opens_the_account_of_who_waits(lying_in_wait, anyone, read):
    ask(anyone)
    owner = use(anyone, read()).json()["user"]
    assert owner["username"] != "evil"
    assert owner["phone_verified"] is True
    assert Session.objects.filter(user__username="evil").count() == 1  # the attacker's own


def test_the_copy_of_who_waits_is_cleared(lying_in_wait, client, anyone, read):
    ask(anyone)
    assert use(client, read()).json()["phone"] == PHONE
    shown = lying_in_wait.get("/api/users/me").json()
    assert (shown["phone"], shown["phone_verified"]) == ("", False)


def test_who_writes_it_down_again_gets_no_further(lying_in_wait, client, anyone, read):
    ask(anyone)
    use(client, read())
    assert lying_in_wait.patch("/api/users/me", {"phone": PHONE}).json()["phone_verified"] is False
    ask(anyone)
    assert use(anyone, read()).json()["user"]["username"] == "john"
    assert login(anyone).status_code == 200  # john, with john's password: here all passwords are one
    assert Session.objects.filter(user__username="evil").count() == 1


def test_who_waits_neither_sees_nor_changes_the_owners_account(lying_in_wait, anyone, read):
    ask(anyone)
    owner = use(anyone, read()).json()
    seen = lying_in_wait.get(f"/api/users/{owner['user']['id']}").json()
    assert (seen["phone"], seen["username"]) == (None, owner["user"]["username"])
    assert lying_in_wait.patch(f"/api/users/{owner['user']['id']}", {"phone": ""}).status_code == 403


def test_who_was_sent_no_code_proves_nothing_with_a_token(evil, lying_in_wait, anyone, read):
    ask(evil)
    for guess in ("000000", "123456", "", PHONE):
        assert use(lying_in_wait, guess).status_code == 400
    assert use(anyone, read()).json()["user"]["username"] != "evil"


def test_a_deleted_account_does_not_hand_its_sessions_to_the_next(anyone, read):
    ask(anyone)
    mine = use(anyone, read()).json()
    old = APIClient(HTTP_AUTHORIZATION=f"Bearer {mine['access']}")
    assert old.delete("/api/users/me").status_code == 204
    ask(anyone)
    assert use(anyone, read()).json()["created"] is True
    assert old.get("/api/users/me").status_code == 401


# Asks for codes to many phones, or many to one


def test_who_asks_for_codes_to_many_phones_is_stopped(evil, gateway):
    answers = [ask(evil, f"+7999111{number:04}", HTTP_X_FORWARDED_FOR=f"10.9.9.{number}") for number in range(30)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 10
    assert len(gateway.requests) == PhoneCode.objects.count() == 20
    assert int(answers[-1]["Retry-After"]) > 60


def test_who_is_refused_uses_up_nobodys_codes(evil, gateway):
    for number in range(20):
        ask(evil, f"+7999111{number:04}")
    assert [ask(evil, "+79992223344").status_code for _ in range(8)] == [429] * 8
    assert ask(APIClient(REMOTE_ADDR="10.7.7.7"), "+79992223344").status_code == 200


def test_who_asks_for_many_codes_to_one_phone_is_stopped_wherever_they_are(gateway):
    answers = [ask(APIClient(REMOTE_ADDR=f"10.0.{number}.1"), FIVE_WAYS[number % 5]) for number in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 7
    assert len(gateway.requests) == 5


def test_who_moves_within_their_network_is_one_address(gateway):
    answers = [ask(APIClient(REMOTE_ADDR=f"2001:db8::{number:x}"), f"+7999111{number:04}") for number in range(22)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 2


# Guesses


def test_who_guesses_codes_has_five_tries_at_five_codes_an_hour(evil, anyone, read):
    judged = 0
    while ask(evil).status_code == 200:
        wrong = another(read())
        assert {use(evil, wrong).status_code for _ in range(20)} == {400}
        judged += PhoneCode.objects.get().tries
        assert (use(anyone, read()).status_code, use(anyone, read()).json()) == (400, REFUSED)
    assert judged == 25
    assert not User.objects.exists()


def test_who_guesses_at_many_phones_has_no_more_tries_at_each(evil, read):
    phones = [f"+7999111{number:04}" for number in range(5)]
    for phone in phones:
        ask(evil, phone)
        for _ in range(10):
            use(evil, another(read(phone)), phone)
    assert {use(evil, read(phone), phone).status_code for phone in phones} == {400}


def test_who_guesses_passwords_by_phone_is_stopped_however_they_write_it(evil, john):
    john.prove_phone(PHONE)
    answers = [login(evil, FIVE_WAYS[number % 5], "wrong") for number in range(14)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 4
    assert login(evil).status_code == 429
    assert login(APIClient()).status_code == 200  # the owner is not locked out elsewhere


def test_who_guesses_invites_is_stopped(client, eve):
    answers = [client.post("/api/users/me/invite", {"invite_code": f"QQ{number:04}"}) for number in range(14)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 4
    assert client.post("/api/users/me/invite", {"invite_code": eve.invite_code}).status_code == 429


def test_who_guesses_invites_with_many_accounts_is_stopped(evil, alice):
    answers = [register(evil, f"evil{number}", invite_code=f"QQ{number:04}") for number in range(12)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429] * 2
    assert register(evil, "evil", invite_code=alice.invite_code).status_code == 429
    assert register(evil, "evil").status_code == 201  # without an invite: the limit is on guesses
    assert not User.objects.get(username="evil").invited_at


def test_the_answer_to_a_wrong_invite_tells_nothing_of_whose_it_is(client, john, person):
    gone = person("gone", is_active=False)
    answers = [client.post("/api/users/me/invite", {"invite_code": code}) for code in ("QQ0000", gone.invite_code, john.invite_code)]
    assert len({answer.content for answer in answers}) == 1


# Asks who is here


@pytest.fixture
def phones(john, alice, person):
    """One that is proven, an unproven, one of somebody inactive, and one that nobody has."""
    john.prove_phone(PHONE)
    person("gone", phone="+79990000002", proven_phone="+79990000002", is_active=False)
    return [PHONE, alice.phone, "+79990000002", "+79990000003"]


def test_asking_for_a_code_tells_nothing(evil, phones, gateway):
    first, *others = [told(ask(evil, phone)) for phone in phones]
    assert others == [first] * 3
    assert first[0] == 200
    assert [phone for phone, _text in gateway.received] == phones


def test_nor_does_the_message(evil, phones, gateway):
    for phone in phones:
        ask(evil, phone)
    assert len({text.replace(in_text(text), "") for _phone, text in gateway.received}) == 1


def test_a_wrong_code_tells_nothing(evil, phones):
    first, *others = [told(use(evil, "x", phone)) for phone in phones]
    for phone in phones:
        ask(evil, phone)
    assert [told(use(evil, "x", phone)) for phone in phones] == others + [first]
    assert (first[0], others) == (400, [first] * 3)


def test_a_login_by_phone_tells_nothing(evil, phones):
    first, *others = [told(login(evil, phone, "wrong")) for phone in phones]
    assert others == [first] * 3
    assert first[0] == 401


def test_writing_a_phone_down_tells_nothing(client, eve, sign_in, phones):
    stranger = sign_in(eve)
    answers = [stranger.patch("/api/users/me", {"phone": phone}) for phone in phones]
    assert {answer.status_code for answer in answers} == {200}
    assert [answer.json()["phone_verified"] for answer in answers] == [False] * 4


def test_even_the_right_code_does_not_tell_an_inactive_account_from_a_wrong_code(evil, phones, read):
    ask(evil, phones[2])
    assert told(use(evil, read(phones[2]), phones[2])) == told(use(evil, "x", phones[2])) == told(use(evil, "x", phones[3]))


def test_a_generated_name_does_not_lead_from_a_phone_to_its_account(evil, anyone, client, read):
    ask(anyone)
    name = use(anyone, read()).json()["user"]["username"]
    for looked_for in (PHONE, PHONE[1:], PHONE[-4:]):
        assert looked_for not in name
        assert client.get("/api/users/", {"search": looked_for}).json() == []
    assert client.get(f"/api/users/{name}").json()["phone"] is None
