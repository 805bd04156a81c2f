import pytest

from {{ package }} import create_app


@pytest.fixture
def client():
    return create_app({"TESTING": True}).test_client()


def test_the_page_greets(client):
    answer = client.get("/?name=Ada")
    assert answer.status_code == 200
    assert "Hello, Ada!" in answer.text


def test_what_is_typed_is_no_markup(client):
    assert "<b>" not in client.get("/?name=<b>Ada</b>").text


def test_it_is_healthy(client):
    assert client.get("/api/health").get_json() == {"status": "ok"}
