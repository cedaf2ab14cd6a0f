"""The slash at the end is optional on every route, and /api/v1/ is /api/."""

import pytest

ROUTES = [
    ("get", "/api"), ("post", "/api/registration"), ("post", "/api/login"), ("post", "/api/token/refresh"), ("post", "/api/logout"),
    ("post", "/api/change-password"), ("get", "/api/sessions"), ("delete", "/api/sessions/999999"), ("get", "/api/users"), ("get", "/api/users/me"),
    ("get", "/api/users/john"), ("get", "/api/users/alice/mentees"), ("patch", "/api/users/me"), ("put", "/api/users/me"), ("patch", "/api/users/alice"),
    ("delete", "/api/users/alice"), ("delete", "/api/users/me/mentees/999999"), ("get", "/api/nothing"), ("post", "/api/users"), ("get", "/api/login"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_answers_the_same_in_all_its_forms(client, method, path):
    forms = [path, f"{path}/", path.replace("/api", "/api/v1"), path.replace("/api", "/api/v1") + "/"]
    answers = [getattr(client, method)(form, {"refresh": "x"} if method != "get" else None) for form in forms]
    assert {answer.status_code for answer in answers} <= {200, 400, 401, 403, 404, 405}
    assert len({(answer.status_code, answer.content) for answer in answers}) == 1


@pytest.mark.parametrize("path", ["/api/login", "/api/login/", "/api/v1/login", "/api/v1/login/"])
def test_one_signs_in_without_a_redirect(anyone, john, path):
    assert anyone.post(path, {"username": "john", "password": "correct horse battery"}).status_code == 200


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/redoc"])
def test_documents_have_both_forms_too(anyone, path):
    assert [anyone.get(form).status_code for form in (path, f"{path}/")] == [200, 200]


@pytest.mark.parametrize("path", ["/api/users", "/api/users/", "/api/v1/users", "/api/v1/users/"])
def test_the_links_of_a_page_lead_on(client, eve, path):
    answer = client.get(f"{path}?page_size=1")
    url = answer["Link"].partition(">")[0].removeprefix("<")
    assert url.startswith(path.rstrip("/") + "/?")
    assert [shown["username"] for shown in client.get(url).json()] == ["john"]


@pytest.mark.parametrize("path", ["/api/registration", "/api/registration/", "/api/v1/registration", "/api/v1/registration/"])
def test_the_location_of_a_newcomer_leads_to_them(client, anyone, path):
    answer = anyone.post(path, {"username": "bob", "password": "correct horse battery"})
    assert client.get(answer["Location"]).json()["username"] == "bob"


def test_the_index_names_the_routes(client):
    named = client.get("/api/").json()
    assert named["users"] == "/api/users/"
    assert named["login"] == "/api/login/"
    assert all(path.startswith("/api/") and not path.startswith("/api/v1/") for path in named.values())


def test_every_route_of_the_index_is_there(client):
    for path in client.get("/api/").json().values():
        assert client.get(path).status_code in (200, 405)


def test_the_root_leads_to_the_docs(anyone):
    answer = anyone.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/api/docs/")
