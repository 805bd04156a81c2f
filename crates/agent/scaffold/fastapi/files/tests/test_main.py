import pytest
from fastapi.testclient import TestClient

from {{ package }}.main import create_app


@pytest.fixture
def client():
    return TestClient(create_app())


def test_it_is_healthy(client):
    assert client.get("/health").json() == {"status": "ok"}


def test_an_item_is_kept(client):
    made = client.post("/items", json={"name": "tea", "price": 2.5})
    assert made.status_code == 201
    assert client.get(f"/items/{made.json()['id']}").json() == {"id": 1, "name": "tea", "price": 2.5}


def test_a_wrong_item_is_refused(client):
    assert client.post("/items", json={"name": "", "price": -1}).status_code == 422
    assert client.get("/items/7").status_code == 404
