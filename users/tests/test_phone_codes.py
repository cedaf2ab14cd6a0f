"""Codes that are sent to phones: asked for, kept, used once, and how long."""

import hashlib
import logging
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from users.models import PhoneCode, Session, User
from users.tests.doors import PHONE, REFUSED, another, ask, fresh_code, in_text, use

NOT_SET_UP = {"detail": "No SMS gateway is set up."}
FIVE_WAYS = ["+79991112234", "+7 (999) 111-22-34", "+7.999.111.22.34", "+7 999 111\u201122\u201134", "＋７ ９９９ １１１ ２２ ３４"]


def stored(phone: str = PHONE) -> PhoneCode:
    return PhoneCode.objects.get(phone=phone)


# Asking


def test_on_a_developers_own_machine_the_answer_shows_the_code(anyone, db, trial, capsys):
    answer = ask(anyone)
    code = answer.json()["activation_code"]
    assert answer.status_code == 200
    assert answer.json() == {"detail": "A code is on its way to this phone.", "expires_in": 300, "activation_code": code}
    assert len(code) == 6 and code.isascii() and code.isdigit()
    assert capsys.readouterr().out == f"SMS to {PHONE}: Your code: {code}\n"


@pytest.mark.parametrize("debug", [False, True])
def test_with_a_gateway_the_code_goes_to_the_phone_and_nowhere_else(anyone, db, gateway, settings, capsys, debug):
    settings.DEBUG = debug
    answer = ask(anyone)
    assert answer.json() == {"detail": "A code is on its way to this phone.", "expires_in": 300}
    [(phone, text)] = gateway.received
    assert (phone, text) == (PHONE, f"Your code: {in_text(text)}")
    assert in_text(text) not in str(answer.headers) + capsys.readouterr().out
    assert use(anyone, in_text(text)).status_code == 200


def test_the_message_is_in_the_language_of_who_asks(anyone, db, gateway):
    ask(anyone, HTTP_ACCEPT_LANGUAGE="ru")
    [(_phone, text)] = gateway.received
    assert re.fullmatch("[А-Яа-я :]+[0-9]{6}", text)


def test_a_known_phone_an_unproven_and_an_inactive_ones_are_answered_as_a_new_one(anyone, gateway, alice, john, person):
    john.prove_phone("+79990000001")
    person("gone", phone="+79990000002", proven_phone="+79990000002", is_active=False)
    answers = [ask(anyone, phone) for phone in ("+79990000001", "+79990000002", alice.phone, "+79990000003")]
    assert len({(answer.status_code, answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1
    assert len(gateway.received) == 4


def test_asking_makes_no_account_and_signs_nobody_in(anyone, db, trial):
    ask(anyone)
    assert not User.objects.exists()
    assert not Session.objects.exists()


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer", "Basic am9objpqb2hu"])
def test_a_broken_header_is_ignored_where_a_code_is_asked_for(anyone, db, trial, header):
    assert ask(anyone, HTTP_AUTHORIZATION=header).status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/signup", "/api/auth/signup/", "/api/v1/auth/signup", "/api/v1/auth/signup/"])
def test_asking_is_one_thing_on_each_of_its_paths(anyone, db, trial, path):
    assert anyone.post(path, {"phone": PHONE}).status_code == 200


# Which phones


@pytest.mark.parametrize("phone", ["123456789", "1234567890", "+12345", "00000"])
def test_a_trial_takes_any_number(anyone, db, trial, phone):
    assert use(anyone, fresh_code(anyone, phone), phone).status_code == 200


@pytest.mark.parametrize("phone", ["123456789", "1234567890", "+12345", "00000", "89298284301"])
def test_a_message_goes_to_international_numbers_only(anyone, db, gateway, phone):
    why = {"phone": ["Give the phone with its country, such as +79991112233."]}
    for answer in (ask(anyone, phone), use(anyone, "123456", phone)):
        assert (answer.status_code, answer.json()) == (400, why)
    assert not gateway.requests
    assert not PhoneCode.objects.exists()


def test_with_a_region_a_national_number_is_one(anyone, db, gateway, settings):
    settings.PHONE_DEFAULT_REGION = "RU"
    assert ask(anyone, "89298284301").status_code == 200
    [(phone, text)] = gateway.received
    assert phone == "+79298284301"
    assert use(anyone, in_text(text), "8 (929) 828-43-01").json()["user"]["phone"] == "+79298284301"


@pytest.mark.parametrize("asked", FIVE_WAYS)
@pytest.mark.parametrize("used", FIVE_WAYS)
def test_a_phone_is_one_however_it_is_written(anyone, db, trial, asked, used):
    answer = use(anyone, fresh_code(anyone, asked), used)
    assert answer.status_code == 200
    assert answer.json()["user"]["phone"] == PHONE


def test_a_new_code_ends_the_old_however_the_phone_is_written(anyone, db, trial):
    *old, last = [fresh_code(anyone, phone) for phone in FIVE_WAYS]
    assert PhoneCode.objects.count() == 1
    assert {use(anyone, code).status_code for code in old if code != last} == {400}
    assert use(anyone, last).status_code == 200


# Its life


def test_a_code_works_once(anyone, db, trial):
    code = fresh_code(anyone)
    assert [use(anyone, code).status_code for _ in range(3)] == [200, 400, 400]
    assert use(anyone, code).json() == REFUSED
    assert Session.objects.count() == 1


def test_a_code_lives_for_five_minutes(anyone, db, trial):
    before = timezone.now()
    code = fresh_code(anyone)
    assert timedelta(minutes=5) <= stored().expires - before < timedelta(minutes=6)
    PhoneCode.objects.update(expires=timezone.now() - timedelta(milliseconds=1))
    answer = use(anyone, code)
    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert not User.objects.exists()


def test_a_code_of_yesterday_is_cleared_away(anyone, db, trial):
    fresh_code(anyone)
    fresh_code(anyone, "+79990000001")
    PhoneCode.objects.filter(phone=PHONE).update(expires=timezone.now() - timedelta(days=1))
    call_command("clear_expired", verbosity=0)
    assert [code.phone for code in PhoneCode.objects.all()] == ["+79990000001"]


def test_a_new_code_may_be_asked_for_after_one_has_expired(anyone, db, trial):
    fresh_code(anyone)
    PhoneCode.objects.update(expires=timezone.now() - timedelta(days=1), tries=5)
    assert use(anyone, fresh_code(anyone)).status_code == 200


def test_codes_of_two_phones_do_not_touch_each_other(anyone, db, trial):
    mine, other = fresh_code(anyone), fresh_code(anyone, "+79990000001")
    assert mine == other or use(anyone, other).status_code == 400
    assert use(anyone, mine).status_code == 200
    assert use(anyone, other, "+79990000001").status_code == 200


# Guessing


def test_a_code_survives_four_wrong_tries(anyone, db, trial):
    code = fresh_code(anyone)
    assert [use(anyone, another(code)).json() for _ in range(4)] == [REFUSED] * 4
    assert use(anyone, code).status_code == 200


def test_a_code_dies_after_five_wrong_tries(anyone, db, trial):
    code = fresh_code(anyone)
    assert [use(anyone, another(code)).json() for _ in range(5)] == [REFUSED] * 5
    answer = use(anyone, code)
    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert not User.objects.exists()


def test_tries_count_with_and_without_a_token_and_from_any_address(client, anyone, trial):
    code = fresh_code(anyone)
    for number in range(4):
        use(anyone, another(code), REMOTE_ADDR=f"10.0.0.{number}")
    use(client, another(code))
    assert use(client, code).status_code == use(anyone, code).status_code == 400


def test_the_tries_are_of_one_code_and_not_of_its_phone(anyone, db, trial):
    code = fresh_code(anyone)
    for _ in range(9):
        use(anyone, another(code))
    assert use(anyone, fresh_code(anyone)).status_code == 200


def test_what_is_malformed_is_no_try(anyone, db, trial):
    code = fresh_code(anyone)
    for nonsense in ("", None, 7, [], "x" * 65, "\0"):
        assert use(anyone, nonsense).status_code == 400
    assert stored().tries == 0
    assert use(anyone, code).status_code == 200


def test_a_code_for_a_phone_that_asked_for_none_is_refused_alike(anyone, db, trial):
    answer = use(anyone, "123456")
    assert (answer.status_code, answer.json()) == (400, REFUSED)


@pytest.mark.parametrize("digits", [4, 6, 8])
def test_a_code_has_as_many_digits_as_is_set(anyone, db, trial, settings, digits):
    settings.AUTH_CODE_DIGITS = digits
    code = fresh_code(anyone)
    assert len(code) == digits
    assert use(anyone, code).status_code == 200


def test_codes_are_drawn_anew_each_time(anyone, db, trial):
    codes = [fresh_code(anyone) for _ in range(20)]
    assert len(set(codes)) > 15
    assert {len(code) for code in codes} == {6}


# How it is kept


def test_a_code_is_stored_nowhere_as_it_is(anyone, db, trial):
    code = fresh_code(anyone)
    columns = PhoneCode.objects.values().get()
    assert set(columns) == {"phone", "digest", "expires", "tries"}
    assert code not in columns["digest"]
    assert columns["digest"] not in {hashlib.sha256(text.encode()).hexdigest() for text in (code, PHONE + code, f"{PHONE} {code}")}


def test_the_same_code_of_another_phone_is_stored_otherwise(anyone, db, trial, settings):
    settings.AUTH_CODE_DIGITS = 1
    seen = {(fresh_code(anyone, phone), stored(phone).digest) for phone in ("+79990000001", "+79990000002") for _ in range(60)}
    assert len(seen) == len({digest for _code, digest in seen}) > 10


def test_a_stored_code_is_keyed(anyone, db, trial, settings):
    code = fresh_code(anyone)
    settings.SECRET_KEY = "another key of Django's own, which is as long as it must be"
    assert use(anyone, code).json() == REFUSED


@pytest.mark.parametrize("behave", ["ok", "refuse"])
def test_no_code_and_no_phone_is_logged(anyone, db, gateway, caplog, behave):
    caplog.set_level(logging.DEBUG)
    ask(anyone)
    [(_phone, text)] = gateway.received
    gateway.behave = behave
    use(anyone, another(in_text(text)))
    use(anyone, in_text(text))
    ask(anyone)
    ours = [record for record in caplog.records if record.name.startswith("mentorship")]
    told = "".join(str(vars(record)) for record in ours)
    assert {"sms sent", "signed in"} <= {record.message for record in ours}
    assert PHONE not in told
    assert not any(in_text(text) in told for _phone, text in gateway.received)


# Where nothing can be sent


def test_without_debug_the_console_is_no_gateway(anyone, client, capsys):
    for answer in (ask(anyone), use(anyone, "123456"), use(client, "123456"), ask(anyone, "nonsense")):
        assert (answer.status_code, answer.json()) == (503, NOT_SET_UP)
        assert "Retry-After" not in answer  # trying again would not help
    assert not PhoneCode.objects.exists()
    assert capsys.readouterr().out == ""


def test_a_code_that_was_made_before_is_not_judged_where_there_is_no_gateway(anyone, db, trial, settings):
    code = fresh_code(anyone)
    settings.DEBUG = False
    assert use(anyone, code).status_code == 503
    assert stored().tries == 0
    assert not User.objects.exists()


@pytest.mark.parametrize("behave", ["refuse", "fail", "reset", "nonsense", "redirect"])
def test_a_message_that_could_not_be_sent_leaves_no_code(anyone, db, gateway, behave):
    gateway.behave = behave
    answer = ask(anyone)
    assert (answer.status_code, answer.json()) == (503, {"detail": "The message could not be sent. Please try again."})
    assert answer["Retry-After"]
    assert not PhoneCode.objects.exists()


def test_taking_a_code_back_leaves_a_newer_one_alone(anyone, db, trial):
    old, new = fresh_code(anyone), fresh_code(anyone)
    if old != new:
        PhoneCode.objects.take_back(PHONE, old)
        assert use(anyone, new).status_code == 200


def test_after_a_gateway_was_away_a_code_is_sent_again(anyone, db, gateway):
    gateway.behave = "fail"
    ask(anyone)
    gateway.behave = "ok"
    assert ask(anyone).status_code == 200
    assert use(anyone, in_text(gateway.received[-1][1])).status_code == 200
