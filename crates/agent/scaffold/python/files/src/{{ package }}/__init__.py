"""{{ description }}"""


def greeting(name: str) -> str:
    """Return a greeting for a name."""
    name = name.strip()
    if not name:
        raise ValueError("the name is empty")
    return f"Hello, {name}!"
