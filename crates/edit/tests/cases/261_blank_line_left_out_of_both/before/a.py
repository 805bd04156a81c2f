import json


def load(path):
    """Reads a file."""
    text = path.read_text()

    data = json.loads(text)
    data["path"] = str(path)

    # Old files have no version.
    data.setdefault("version", 1)

    return data


def store(path, data):
    path.write_text(json.dumps(data))
