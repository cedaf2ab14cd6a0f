"""Users deleted in the admin: what goes is shown first, and mentees are released."""

from django.contrib.admin.models import LogEntry

from users.models import Session, User

USERS = "/admin/users/user/"


def test_the_page_shows_what_goes_and_who_is_released(staff, alice, john, sign_in):
    sign_in(alice)
    page = staff.get(f"{USERS}{alice.pk}/delete/").content.decode()
    assert "<li>Users: 1</li>" in page
    assert "<li>Sessions: 1</li>" in page
    assert "<li>Mentees who will be released: 1</li>" in page
    assert 'type="submit"' in page


def test_one_is_deleted_with_the_sessions_and_the_mentees_are_free(staff, history, alice, john, sign_in):
    phone = sign_in(alice)
    assert staff.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"}).status_code == 302
    john.refresh_from_db()
    assert john.mentor is None
    assert history(john) == ["Released: the mentor ended being one."]
    assert not Session.objects.exists()
    assert phone.get("/api/users/me").status_code == 401


def test_several_are_deleted_and_those_who_stay_are_free(staff, said, alice, john, person):
    ann = person("ann", mentor=alice)
    asked = {"action": "delete_selected", "_selected_action": [alice.pk, john.pk]}
    page = staff.post(USERS, asked).content.decode()
    assert "<li>Mentees who will be released: 2</li>" in page
    answer = staff.post(USERS, asked | {"post": "yes"})
    assert not User.objects.filter(pk__in=[alice.pk, john.pk]).exists()
    ann.refresh_from_db()
    assert ann.mentor is None
    assert "1 mentee was released." in said(answer)


def test_deleting_a_mentee_counts_one_less(staff, alice, john):
    staff.post(f"{USERS}{john.pk}/delete/", {"post": "yes"})
    alice.refresh_from_db()
    assert alice.mentees_count == 0


def test_the_deletion_is_in_the_history(staff, john):
    staff.post(f"{USERS}{john.pk}/delete/", {"post": "yes"})
    assert LogEntry.objects.get(object_repr="john").is_deletion()


def test_who_may_delete_users_may_delete_those_with_sessions(john, sign_in, clerk):
    sign_in(john)
    assert clerk("view_user", "delete_user").post(f"{USERS}{john.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=john.pk).exists()
