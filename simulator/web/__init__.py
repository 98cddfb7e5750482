"""What a browser gets: for now one page that shows the practice world and where its doors are."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_PAGE: Final = Path(__file__).parent / "index.html"


def add_pages(app: FastAPI) -> None:
    """Serves the page at `/`; everything it shows it asks of the public API."""
    page = _PAGE.read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(page)
