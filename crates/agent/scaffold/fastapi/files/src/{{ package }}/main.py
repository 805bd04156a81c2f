"""The service."""

from itertools import count

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field


class NewItem(BaseModel):
    """An item as it is sent."""

    name: str = Field(min_length=1, max_length=100)
    price: float = Field(ge=0)


class Item(NewItem):
    """An item as it is kept."""

    id: int


def create_app() -> FastAPI:
    """Make the service, with a store of its own in memory."""
    app = FastAPI(title="{{ name }}")
    items: dict[int, Item] = {}
    numbers = count(1)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/items", status_code=201)
    def create_item(new: NewItem) -> Item:
        item = Item(id=next(numbers), **new.model_dump())
        items[item.id] = item
        return item

    @app.get("/items/{item_id}")
    def read_item(item_id: int) -> Item:
        if item_id not in items:
            raise HTTPException(status_code=404, detail="there is no such item")
        return items[item_id]

    return app


app = create_app()
