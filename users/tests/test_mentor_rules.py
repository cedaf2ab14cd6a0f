"""Nobody who is not an active mentor has a mentee, and the counts are right, whoever writes: models, querysets, two at once."""

import itertools
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import NotSupportedError, OperationalError, connection, transaction
from django.db.models import F, Value

from users.models import User
from users.tests.truth import assert_links_are_true, mentor_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def what_is_true_afterwards(db):
    """Each test ends with the truth, whatever it tried."""
    yield
    assert_links_are_true()


@pytest.fixture
def bob(person):
    """Another mentor."""
    return person("bob", is_mentor=True)


def set_and_save(user, **fields):
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()


def set_and_save_only(user, **fields):
    for name, value in fields.items():
        setattr(user, name, value)
    user.save(update_fields=fields)


def update(user, **fields):
    User.objects.filter(pk=user.pk).update(**fields)


def bulk_update(user, **fields):
    user = User.objects.get(pk=user.pk)
    for name, value in fields.items():
        setattr(user, name, value)
    User.objects.bulk_update([user], list(fields))


def update_or_create(user, **fields):
    User.objects.update_or_create(username=user.username, defaults=fields)


every_door = pytest.mark.parametrize("write", [set_and_save, set_and_save_only, update, bulk_update, update_or_create])


# Choosing


@every_door
def test_a_mentor_can_be_given(alice, eve, write):
    write(eve, mentor=alice)
    assert mentor_of(eve) == "alice"


@every_door
def test_a_mentor_can_be_exchanged(john, bob, write):
    write(john, mentor=bob)
    assert mentor_of(john) == "bob"


@every_door
def test_a_mentor_can_be_left(john, write):
    write(john, mentor=None)
    assert mentor_of(john) is None


@every_door
def test_nobody_is_given_a_mentor_who_is_none(john, eve, write):
    with pytest.raises(ValidationError), transaction.atomic():
        write(john, mentor=eve)
    assert mentor_of(john) == "alice"


@every_door
def test_nobody_is_given_an_inactive_mentor(john, person, write):
    gone = person("gone", is_mentor=True, is_active=False)
    with pytest.raises(ValidationError), transaction.atomic():
        write(john, mentor=gone)
    assert mentor_of(john) == "alice"


@every_door
def test_nobody_mentors_themself(alice, write):
    with pytest.raises(ValidationError), transaction.atomic():
        write(alice, mentor=alice)
    assert mentor_of(alice) is None


@every_door
def test_two_may_mentor_each_other(alice, bob, write):
    write(alice, mentor=bob)
    write(User.objects.get(pk=bob.pk), mentor=alice)
    assert (mentor_of(alice), mentor_of(bob)) == ("bob", "alice")


def test_the_id_of_a_mentor_does_as_well(john, bob, eve):
    update(john, mentor_id=bob.pk)
    assert mentor_of(john) == "bob"
    with pytest.raises(ValidationError), transaction.atomic():
        update(john, mentor_id=eve.pk)


def test_a_mentor_who_is_no_more_is_refused(alice, eve):
    User.objects.filter(pk=alice.pk).delete()
    with pytest.raises(ValidationError), transaction.atomic():
        eve.choose_mentor(alice)


def test_many_can_be_given_a_mentor_but_not_that_mentor(alice, john, eve, bob):
    assert User.objects.exclude(pk=bob.pk).update(mentor=bob) == 3
    with pytest.raises(ValidationError), transaction.atomic():
        User.objects.update(mentor=bob)


# Ceasing to be a mentor


@every_door
@pytest.mark.parametrize("change", [{"is_mentor": False}, {"is_active": False}])
def test_who_stops_being_a_mentor_or_is_deactivated_releases_all(alice, john, write, change):
    write(alice, **change)
    assert mentor_of(john) is None


@every_door
def test_inactive_mentees_are_released_too(alice, person, write):
    gone = person("gone", mentor=alice, is_active=False)
    write(alice, is_mentor=False)
    assert mentor_of(gone) is None


def test_becoming_a_mentor_again_brings_nobody_back(alice, john):
    alice.step_down()
    alice.become_mentor()
    assert mentor_of(john) is None
    assert alice.mentees_count == 0


def test_stepping_down_says_how_many_it_released(alice, john, person):
    person("bob", mentor=alice)
    assert alice.step_down() == 2
    assert (alice.is_mentor, alice.mentees_count) == (False, 0)


def test_many_step_down_at_once(alice, john, bob, eve):
    eve.choose_mentor(bob)
    assert User.objects.step_down() == (2, 2)
    assert not User.objects.filter(is_mentor=True).exists()


def test_a_mentor_keeps_their_own_mentor_when_stepping_down(alice, bob):
    alice.choose_mentor(bob)
    alice.step_down()
    assert mentor_of(alice) == "bob"


def test_becoming_mentors_at_once(john, eve):
    assert User.objects.filter(username__in=["john", "eve"]).become_mentors() == 2
    assert set(User.objects.mentors().values_list("username", flat=True)) == {"alice", "john", "eve"}


def test_in_one_write_nobody_chooses_who_steps_down_in_it(alice, eve):
    alice.is_mentor, eve.mentor = False, alice
    with pytest.raises(ValidationError), transaction.atomic():
        User.objects.bulk_update([alice, eve], ["is_mentor", "mentor"])


def test_in_one_write_one_may_choose_who_becomes_a_mentor_in_it(john, eve):
    eve.is_mentor, john.mentor = True, eve
    User.objects.bulk_update([john, eve], ["is_mentor", "mentor"])
    assert mentor_of(john) == "eve"


def test_an_object_read_before_does_not_bring_a_released_mentee_back(alice, john):
    stale = User.objects.get(pk=john.pk)
    alice.step_down()
    with pytest.raises(ValidationError), transaction.atomic():
        stale.save()
    assert mentor_of(john) is None


def test_saving_another_field_of_an_object_read_before_leaves_the_link(alice, john):
    stale = User.objects.get(pk=john.pk)
    alice.step_down()
    stale.first_name = "John"
    stale.save(update_fields=["first_name"])
    assert mentor_of(john) is None


def test_very_many_take_leave_and_lose_a_mentor(alice, bob):
    crowd = User.objects.filter(username__startswith="m")
    User.objects.bulk_create([User(username=f"m{number}", mentor=alice) for number in range(600)])
    assert crowd.take_mentor(bob, agreed=True) == 600
    assert_links_are_true()
    assert bob.step_down() == 600
    assert crowd.update(mentor=alice) == 600
    assert crowd.update(is_active=False) == 600
    assert_links_are_true()
    crowd.delete()


# Coming and going


def test_who_is_created_with_a_mentor_is_counted(alice):
    User.objects.create_user("bob", mentor=alice)
    User.objects.get_or_create(username="carol", defaults={"mentor": alice})
    User.objects.bulk_create([User(username="dave", mentor=alice), User(username="erin", mentor_id=alice.pk)])
    alice.mentees.create(username="frank")
    assert User.objects.get(pk=alice.pk).mentees_count == 5


def test_nobody_is_created_with_a_mentor_who_is_none(eve):
    for create in (User.objects.create_user, eve.mentees.create):
        with pytest.raises(ValidationError), transaction.atomic():
            create(username="bob", **({} if create == eve.mentees.create else {"mentor": eve}))
    with pytest.raises(ValidationError), transaction.atomic():
        User.objects.bulk_create([User(username="bob", mentor=eve)])
    assert not User.objects.filter(username="bob").exists()


def test_what_is_created_in_bulk_brings_no_count_of_its_own(db):
    User.objects.bulk_create([User(username="bob", is_mentor=True, mentees_count=7)])


def test_bulk_creation_over_conflicts_is_not_offered(db):
    for options in ({"ignore_conflicts": True}, {"update_conflicts": True, "update_fields": ["phone"], "unique_fields": ["username"]}):
        with pytest.raises(NotSupportedError):
            User.objects.bulk_create([User(username="bob")], **options)


def test_bulk_creation_fills_the_compared_forms(db):
    User.objects.bulk_create([User(username="Ｉvan", email="Ivan@Example.com")])
    assert User.objects.values_list("username", "username_key", "email_key").get() == ("Ivan", "ivan", "ivan@example.com")


@pytest.mark.parametrize("delete", [lambda user: user.delete(), lambda user: User.objects.filter(pk=user.pk).delete()])
def test_a_deleted_mentor_releases_all(alice, john, delete):
    delete(alice)
    assert mentor_of(john) is None


@pytest.mark.parametrize("delete", [lambda user: user.delete(), lambda user: User.objects.filter(pk=user.pk).delete()])
def test_a_deleted_mentee_is_not_counted(alice, john, delete):
    delete(john)
    assert User.objects.get(pk=alice.pk).mentees_count == 0


def test_mentor_and_mentee_deleted_together(alice, john, bob, eve):
    bob.choose_mentor(alice)
    eve.choose_mentor(bob)
    User.objects.filter(username__in=["alice", "bob"]).delete()
    assert set(User.objects.values_list("username", "mentor")) == {("john", None), ("eve", None)}


def test_a_mentee_who_is_deactivated_is_not_counted_and_who_returns_is(alice, john):
    for door in (set_and_save, set_and_save_only, update, bulk_update):
        door(john, is_active=False)
        assert User.objects.get(pk=alice.pk).mentees_count == 0
        door(john, is_active=True)
        assert User.objects.get(pk=alice.pk).mentees_count == 1


def test_a_mentor_who_returns_has_nobody(alice, john):
    set_and_save(alice, is_active=False)
    set_and_save(alice, is_active=True)
    assert mentor_of(john) is None


def test_a_full_save_of_an_object_read_before_leaves_the_count(alice, eve, bob):
    stale = User.objects.get(pk=alice.pk)
    eve.choose_mentor(alice)
    stale.first_name = "Alice"
    stale.save()
    assert User.objects.get(pk=alice.pk).mentees_count == 1


def test_a_deleted_account_does_not_come_back_by_saving(john):
    stale = User.objects.get(pk=john.pk)
    john.delete()
    with pytest.raises(User.DoesNotExist), transaction.atomic():
        stale.save()
    assert not User.objects.filter(username="john").exists()


# Through the related manager


@pytest.mark.parametrize("bulk", [True, False])
def test_mentees_added_are_counted(alice, john, eve, bob, bulk):
    alice.mentees.add(eve, bob, bulk=bulk)
    assert User.objects.get(pk=alice.pk).mentees_count == 3


@pytest.mark.parametrize("bulk", [True, False])
def test_mentees_added_to_who_is_no_mentor_are_refused(john, eve, bulk):
    with pytest.raises(ValidationError), transaction.atomic():
        eve.mentees.add(john, bulk=bulk)
    assert mentor_of(john) == "alice"


@pytest.mark.parametrize("bulk", [True, False])
def test_mentees_removed_are_not_counted(alice, john, bulk):
    alice.mentees.remove(john, bulk=bulk)
    assert mentor_of(john) is None
    assert User.objects.get(pk=alice.pk).mentees_count == 0


@pytest.mark.parametrize("bulk", [True, False])
def test_mentees_cleared_are_not_counted(alice, john, bulk):
    alice.mentees.clear(bulk=bulk)
    assert mentor_of(john) is None


@pytest.mark.parametrize("clear", [True, False])
def test_mentees_set_are_those_counted(alice, john, eve, bob, clear):
    alice.mentees.set([eve, bob], clear=clear)
    assert [mentor_of(user) for user in (john, eve, bob)] == [None, "alice", "alice"]


def test_mentees_updated_through_the_mentor(alice, john, bob):
    assert alice.mentees.update(mentor=bob) == 1
    assert mentor_of(john) == "bob"


# Agreement


def test_a_mentor_takes_on_and_lets_go(alice, john, eve):
    assert alice.take_on(john, eve) == 2
    assert User.objects.get(pk=eve.pk).was_taken_on()
    assert alice.release(eve, john) == 2
    assert not User.objects.get(pk=eve.pk).was_taken_on()


def test_a_mentor_lets_go_only_their_own(alice, john, bob):
    assert bob.release(john) == 0
    assert mentor_of(john) == "alice"


def test_who_is_no_mentor_takes_nobody_on(eve, john):
    with pytest.raises(ValidationError), transaction.atomic():
        eve.take_on(john)


def test_who_chose_was_not_taken_on(john):
    assert not User.objects.get(pk=john.pk).was_taken_on()


@pytest.mark.parametrize("write", [set_and_save, set_and_save_only, update, bulk_update])
def test_an_agreement_ends_with_its_link_and_does_not_revive(alice, john, bob, write):
    alice.take_on(john)
    write(john, mentor=bob)
    write(john, mentor=alice)
    assert mentor_of(john) == "alice"
    assert not User.objects.get(pk=john.pk).was_taken_on()


def test_an_agreement_does_not_outlive_a_stepping_down(alice, john):
    alice.take_on(john)
    alice.step_down()
    alice.become_mentor()
    john.refresh_from_db()
    john.choose_mentor(alice)
    assert not User.objects.get(pk=john.pk).was_taken_on()


# What an update cannot take


@pytest.mark.parametrize("field", ["username", "email"])
def test_an_update_of_what_is_compared_needs_a_plain_text(john, field):
    with pytest.raises(NotSupportedError):
        User.objects.update(**{field: F("phone")})


def test_an_update_of_what_is_compared_writes_both_forms(john):
    update(john, username="Ｊohnny", email="John@Example.com")
    shown = User.objects.values_list("username", "username_key", "email", "email_key").get(username_key="johnny")
    assert shown == ("Johnny", "johnny", "John@Example.com", "john@example.com")


def test_a_slice_cannot_be_updated(john):
    with pytest.raises(TypeError):
        User.objects.all()[:1].update(phone="")


def test_a_full_clean_takes_and_refuses_what_the_api_does(john, eve, alice):
    User(username="bob", password="x", phone="123-456-7890", mentor=alice).full_clean()
    for field, value in (("username", "me"), ("username", "JOHN"), ("phone", "call me"), ("mentor", eve), ("email", "nobody")):
        with pytest.raises(ValidationError) as refused:
            User(**{"username": "bob", "password": "x", field: value}).full_clean()
        assert field in refused.value.message_dict


# Two at once


def at_once(*works):
    """What each of them raised, or None, when they run at the same time on connections of their own."""
    outcomes, ready = [None] * len(works), threading.Barrier(len(works))

    def run(number, work):
        ready.wait(10)
        try:
            work()
        except (ValidationError, OperationalError) as raised:
            outcomes[number] = type(raised)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "cease", [User.step_down, lambda alice: User.objects.get(pk=alice.pk).delete(), lambda alice: update(alice, is_active=False)]
)
def test_choosing_a_mentor_who_ceases_to_be_one_at_that_moment(person, cease):
    for number in range(8):
        alice, mentee = person(f"mentor{number}", is_mentor=True), person(f"mentee{number}")
        chose, ceased = at_once(lambda m=mentee, a=alice: m.choose_mentor(a), lambda a=alice: cease(a))
        assert chose in (None, ValidationError)
        assert ceased is None
        assert mentor_of(mentee) is None


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_who_choose_each_other_at_once_both_do(person):
    for number in range(8):
        one, other = person(f"one{number}", is_mentor=True), person(f"other{number}", is_mentor=True)
        assert at_once(lambda a=one, b=other: a.choose_mentor(b), lambda a=one, b=other: b.choose_mentor(a)) == [None, None]
        assert (mentor_of(one), mentor_of(other)) == (other.username, one.username)


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_many_who_come_and_go_at_once_are_counted_right(person):
    alice, bob = person("alice", is_mentor=True), person("bob", is_mentor=True)
    mentees = [person(f"mentee{number}", mentor=alice) for number in range(6)]
    moves = [lambda m=mentee: (m.choose_mentor(bob), m.leave_mentor(), m.choose_mentor(alice)) for mentee in mentees[:4]]
    assert at_once(*moves, mentees[4].delete, lambda: update(mentees[5], is_active=False)) == [None] * 6
    assert User.objects.get(pk=alice.pk).mentees_count == 4


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_many_written_at_once_in_any_order_all_get_an_answer(person):
    mentors = [person(f"mentor{number}", is_mentor=True) for number in range(4)]
    works = [lambda one=one, other=other: update(one, mentor=other) for one, other in itertools.permutations(mentors, 2)]
    assert at_once(*works, mentors[0].step_down).count(OperationalError) == 0


def test_an_object_built_with_the_id_of_a_mentor_changes_that_mentor_by_the_rules(alice, john, sign_in):
    client = sign_in(alice)
    User(pk=alice.pk, username="alice", is_mentor=False, is_active=False).save()
    assert mentor_of(john) is None
    assert_links_are_true()
    assert client.get("/api/users/me").status_code == 401


@pytest.mark.parametrize("id_of", [str, lambda pk: pk])
def test_a_mentor_given_by_id_is_checked_in_any_form(eve, alice, john, id_of):
    with pytest.raises(ValidationError):
        User.objects.filter(pk=eve.pk).update(mentor_id=id_of(john.pk))
    User.objects.filter(pk=eve.pk).update(mentor_id=id_of(alice.pk))
    eve.mentor_id = id_of(john.pk)
    with pytest.raises(ValidationError):
        eve.save()
    assert_links_are_true()


def test_a_mentor_is_not_given_by_an_expression(eve, alice):
    with pytest.raises(NotSupportedError):
        User.objects.filter(pk=eve.pk).update(mentor_id=Value(alice.pk))


def test_all_who_are_asked_for_are_deleted_though_they_mentor_each_other(alice, john, person):
    alice.mentor = person("bob", is_mentor=True, mentor=alice)
    alice.save()
    assert User.objects.filter(mentor__isnull=False).delete()[0] == 3
    assert not User.objects.exists()
