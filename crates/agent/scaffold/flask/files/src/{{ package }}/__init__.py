"""{{ description }}"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, jsonify, render_template, request


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the application, with settings on top of the usual ones."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    if config is not None:
        app.config.from_mapping(config)

    @app.get("/")
    def index() -> str:
        return render_template("index.html", name=request.args.get("name", "world"))

    @app.get("/api/health")
    def health():
        return jsonify(status="ok")

    return app
