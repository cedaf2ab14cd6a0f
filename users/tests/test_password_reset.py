"""A forgotten password: a link to the proven email, and by it a new one."""

import logging

import pytest
from django.utils.http import urlsafe_base64_encode
from django_tasks_db.models import DBTaskResult

from conftest import PASSWORD
from users.models import User
from users.tests.mailbox import delivered, receivers, the_letter

NEW = "a new horse, a new battery"
ON_ITS_WAY = {"detail": "If this address is known here, a mail is on its way to it."}
NOT_VALID = {"token": ["This link is not valid, was used before, or has expired."]}


@pytest.fixture
def john(john):
    """Here he has proven his email."""
    john.prove_email("john@example.com", 0)
    return john


@pytest.fixture
def link(anyone, john):
    """What the link in john's letter holds."""
    ask(anyone)
    return the_letter().held


def ask(anyone, email="john@example.com"):
    return anyone.post("/api/password/reset", {"email": email})


def reset(anyone, link, password=NEW, **instead):
    return anyone.post("/api/password/reset/confirm", link | {"password": password} | instead)


def login(anyone, password, username="john"):
    return anyone.post("/api/login", {"username": username, "password": password})


def uid_of(text: str) -> str:
    return urlsafe_base64_encode(text.encode())


# The letter


@pytest.mark.parametrize("typed", ["john@example.com", "JOHN@example.com", "John@Example.COM", "ｊohn@example.com", "john@ｅxample.com"])
def test_it_goes_to_the_address_as_it_was_proven_and_never_as_typed(anyone, john, typed):
    assert ask(anyone, typed).json() == ON_ITS_WAY
    letter = the_letter()
    assert letter.to == "john@example.com"
    assert typed not in (letter.text + letter.html) or typed == "john@example.com"


@pytest.mark.parametrize("email", ["john@example.com", "alice@example.com", "nobody@example.com", "gone@example.com"])
def test_the_answer_is_always_the_same(anyone, john, person, email):
    person("gone", email="gone@example.com").prove_email("gone@example.com", 0)
    User.objects.filter(username="gone").update(is_active=False)
    answer = ask(anyone, email)
    assert (answer.status_code, answer.json()) == (202, ON_ITS_WAY)


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com", "gone@example.com"])
def test_unproven_unknown_and_inactive_ones_get_nothing(anyone, john, person, email):
    person("gone", email="gone@example.com").prove_email("gone@example.com", 0)
    User.objects.filter(username="gone").update(is_active=False)
    ask(anyone, email)
    assert delivered() == []


def test_an_address_that_was_changed_gets_nothing_until_it_is_proven_again(anyone, client):
    client.patch("/api/users/me", {"email": "new@example.com"})
    delivered()
    ask(anyone)
    ask(anyone, "new@example.com")
    assert delivered() == []


def test_it_names_the_account_in_text_and_html_with_one_link(anyone, john, settings):
    settings.PUBLIC_URL = "https://mentors.example.com"
    ask(anyone)
    letter = the_letter()
    assert letter.link.startswith("https://mentors.example.com/api/password/reset/confirm/?uid=")
    assert "john" in letter.text and letter.html.count("https://mentors.example.com/api/password/reset/confirm/?uid=") == 2


def test_the_link_leads_to_where_the_settings_say(anyone, john, settings):
    settings.PASSWORD_RESET_URL = "https://app.example.com/new-password"
    ask(anyone)
    letter = the_letter()
    assert letter.link.startswith("https://app.example.com/new-password?uid=")
    assert reset(anyone, letter.held).status_code == 200


def test_asking_ends_nothing_and_changes_nothing(anyone, client):
    ask(anyone)
    delivered()
    assert client.get("/api/users/me").status_code == 200
    assert login(anyone, PASSWORD).status_code == 200


def test_without_a_mail_server_it_is_503_and_nothing_is_queued(anyone, john, settings):
    settings.MAIL_IS_SENT = False
    answer = ask(anyone)
    assert (answer.status_code, answer.json()) == (503, {"detail": "No mail server is set up."})
    assert not DBTaskResult.objects.exists()


def test_a_mailbox_gets_ten_links_an_hour_whoever_asks(anyone, john, settings):
    settings.THROTTLES = settings.THROTTLES | {"letter": (10, 3600)}
    for number in range(14):
        ask(anyone, "JOHN@example.com" if number % 2 else "john@example.com")
    assert receivers() == ["john@example.com"] * 10


# The page


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_uses_it_not_up(anyone, link, method):
    for _ in range(2):
        answer = getattr(anyone, method)("/api/password/reset/confirm", link)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert login(anyone, PASSWORD).status_code == 200


def test_the_page_names_the_account_and_asks_twice(anyone, link):
    page = anyone.get("/api/password/reset/confirm/", link).content.decode()
    assert "<strong>john</strong>" in page
    assert page.count('type="password"') == 2 and page.count("<button>") == 1
    assert page.count('autocomplete="new-password"') == 2


def test_the_page_is_closed_to_others(anyone, link):
    answer = anyone.get("/api/password/reset/confirm/", link)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert (answer["Referrer-Policy"], answer["Cache-Control"], answer["X-Frame-Options"]) == ("no-referrer", "no-store", "DENY")


def test_the_page_of_a_link_that_is_not_valid_names_nobody(anyone, link):
    page = anyone.get("/api/password/reset/confirm/", link | {"token": link["token"][:-1]}).content.decode()
    assert "This link is not valid" in page
    assert "john" not in page and "<button>" not in page


# The new password


def test_the_new_password_signs_in_and_the_old_one_does_not(anyone, link):
    answer = reset(anyone, link)
    assert answer.status_code == 200
    assert answer.json() == {"detail": "The password has been changed. All sessions have ended."}
    assert login(anyone, NEW).status_code == 200
    assert login(anyone, PASSWORD).status_code == 401


def test_all_sessions_end_at_once_also_that_of_who_asks(client, sign_in, john, anyone):
    other = sign_in(john)
    ask(anyone)
    assert reset(client, the_letter().held).status_code == 200
    assert client.get("/api/users/me").status_code == other.get("/api/users/me").status_code == 401
    assert anyone.post("/api/token/refresh", {"refresh": client.refresh}).status_code == 401


def test_nobody_elses_session_ends(anyone, link, sign_in, alice):
    mentor = sign_in(alice)
    reset(anyone, link)
    assert mentor.get("/api/users/me").status_code == 200


def test_it_signs_nobody_in_by_itself(anyone, link):
    assert set(reset(anyone, link).json()) == {"detail"}
    assert not User.objects.get(username="john").sessions.alive().exists()


def test_a_notice_goes_to_the_address(anyone, link):
    reset(anyone, link)
    notice = the_letter()
    assert notice.to == "john@example.com"
    assert "the password" in notice.text and notice.links == []


def test_the_new_password_is_taken_exactly_as_it_was_sent(anyone, link):
    reset(anyone, link, "  spaces and ﬁ  ")
    assert login(anyone, "  spaces and ﬁ  ").status_code == 200
    assert login(anyone, "spaces and ﬁ").status_code == 401


def test_who_has_no_password_sets_one_by_a_proven_email(anyone, db):
    bob = User.objects.create_user("bob", email="bob@example.com", phone="+79991112233")
    bob.prove_email("bob@example.com", 0)
    ask(anyone, "bob@example.com")
    assert reset(anyone, the_letter().held).status_code == 200
    assert login(anyone, NEW, "bob").status_code == 200


# The link: once, for one, for a while


def refused(answer) -> bool:
    return (answer.status_code, answer.json()) == (400, NOT_VALID)


def test_it_works_once(anyone, link):
    reset(anyone, link)
    assert refused(reset(anyone, link, "another one"))
    assert login(anyone, NEW).status_code == 200


def test_after_one_link_no_other_works(anyone, link):
    ask(anyone)
    second = the_letter().held
    reset(anyone, second)
    assert refused(reset(anyone, link, "another one"))


def test_a_change_of_the_password_ends_it(anyone, link, sign_in, john):
    sign_in(john).post("/api/change-password", {"old_password": PASSWORD, "new_password": "my own"})
    assert refused(reset(anyone, link))
    assert login(anyone, "my own").status_code == 200


def test_a_sign_in_ends_it(anyone, link):
    assert login(anyone, PASSWORD).status_code == 200
    assert refused(reset(anyone, link))


def test_a_refused_sign_in_does_not_end_it(anyone, link):
    login(anyone, "wrong")
    assert reset(anyone, link).status_code == 200


@pytest.mark.parametrize("new", ["new@example.com", "JOHN@example.com", ""])
def test_a_change_of_the_email_ends_it(anyone, client, new):
    ask(anyone)
    link = the_letter().held
    client.patch("/api/users/me", {"email": new})
    assert refused(reset(anyone, link))


def test_a_change_of_the_email_and_back_leaves_it_ended(anyone, client):
    ask(anyone)
    link = the_letter().held
    client.patch("/api/users/me", {"email": "other@example.com"})
    client.patch("/api/users/me", {"email": "john@example.com"})
    assert refused(reset(anyone, link))


def test_it_is_for_one_user_only(anyone, link, alice):
    alice.prove_email("alice@example.com", 0)
    assert refused(reset(anyone, link, uid=uid_of(str(alice.pk))))
    assert login(anyone, PASSWORD, "alice").status_code == 200


def test_two_links_do_not_mix(anyone, link, alice):
    alice.prove_email("alice@example.com", 0)
    ask(anyone, "alice@example.com")
    hers = the_letter().held
    assert refused(reset(anyone, hers, uid=link["uid"])) and refused(reset(anyone, link, uid=hers["uid"]))


def test_one_character_changed_anywhere_in_the_token_is_refused(anyone, link):
    for position, old in enumerate(link["token"]):
        changed = link["token"][:position] + ("a" if old != "a" else "b") + link["token"][position + 1 :]
        assert refused(reset(anyone, link, token=changed)), position
    assert login(anyone, PASSWORD).status_code == 200


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: " " + t, lambda t: t + "\n", lambda t: t.replace("-", "－"),
                                    lambda t: "-" + t, lambda t: t.replace("-", "--"), lambda t: "0" + t])  # fmt: skip
def test_what_only_looks_like_the_token_is_refused(anyone, link, change):
    assert refused(reset(anyone, link, token=change(link["token"])))


def test_the_token_of_a_confirmation_sets_no_password(anyone, john, alice):
    anyone.post("/api/email/resend", {"email": "alice@example.com"})
    token = the_letter().token
    alice.prove_email("alice@example.com", 0)
    assert refused(reset(anyone, {"uid": uid_of(str(alice.pk)), "token": token[:128]}))


@pytest.mark.parametrize(
    "uid", ["x", "!", "=", "MQ==x", "1", "me", "٣", uid_of("٣"), uid_of("²"), uid_of("-1"), uid_of("+1"), uid_of("1.0"), uid_of("0"),
            uid_of(" 1"), uid_of(str(2**63)), uid_of("9" * 40), uid_of("john"), uid_of("1\0"), urlsafe_base64_encode(b"\xff\xfe")]
)  # fmt: skip
def test_a_uid_that_is_none_is_refused(anyone, link, uid):
    assert refused(reset(anyone, link, uid=uid))
    assert anyone.get("/api/password/reset/confirm/", link | {"uid": uid}).status_code == 200
    assert login(anyone, PASSWORD).status_code == 200


def test_an_expired_link_is_refused(anyone, link, settings):
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert refused(reset(anyone, link))
    assert "<button>" not in anyone.get("/api/password/reset/confirm/", link).content.decode()


@pytest.mark.parametrize("change", [{"is_active": False}, {"email": "john@example.com"}])
def test_an_account_that_is_inactive_or_unproven_by_now_is_refused(anyone, link, change):
    User.objects.filter(username="john").update(**change)
    assert refused(reset(anyone, link))


def test_a_deleted_accounts_link_is_refused(anyone, link, john):
    john.delete()
    assert refused(reset(anyone, link))


# Passwords that will not do


@pytest.mark.parametrize("weak", ["password", "12345678901", "short", "john@example"])
def test_a_weak_password_is_refused_and_the_link_still_works(anyone, link, settings, weak):
    names = ["UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword"]
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"django.contrib.auth.password_validation.{name}Validator"} for name in names]
    answer = reset(anyone, link, weak)
    assert (answer.status_code, set(answer.json())) == (400, {"password"})
    assert login(anyone, weak).status_code == 401
    assert reset(anyone, link).status_code == 200


@pytest.mark.parametrize("password", ["********", "", None, 7, [], "x" * 1025])
def test_what_is_no_password_is_refused_and_the_link_still_works(anyone, link, password):
    answer = reset(anyone, link, password)
    assert (answer.status_code, set(answer.json())) == (400, {"password"})
    assert reset(anyone, link).status_code == 200


def test_a_weak_password_does_not_tell_whether_a_link_is_valid(anyone, link, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
    assert refused(reset(anyone, link, "short", token="no-token"))


def test_the_logs_hold_no_token_no_password_and_no_address(anyone, link, caplog):
    caplog.set_level(logging.DEBUG)
    ask(anyone)
    anyone.get("/api/password/reset/confirm/", link)
    reset(anyone, link, token="wrong")
    reset(anyone, link)
    delivered()
    logged = " ".join(str(vars(record)) for record in caplog.records if not record.name.startswith("django.db"))
    assert "password reset" in logged
    assert link["token"] not in logged and NEW not in logged and "john@example.com" not in logged


def test_a_link_dies_with_the_proof_of_the_address(anyone, john, link):
    User.objects.filter(pk=john.pk).update(proven_email="")
    answer = reset(anyone, link)
    assert (answer.status_code, answer.json()) == (400, NOT_VALID)
    assert login(anyone, PASSWORD).status_code == 200
