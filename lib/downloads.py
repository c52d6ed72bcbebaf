"""A table as the answer to a request."""

import io
from collections.abc import Iterable

from django.http import FileResponse

from lib.tables import Row, write_csv, write_xlsx


def download(form: str, name: str, headings: Row, rows: Iterable[Row]) -> FileResponse:
    """Answer with the table as a file; `form` is "csv" or "xlsx"."""
    file = io.BytesIO()
    if form == "xlsx":
        write_xlsx(file, headings, rows)
    else:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        write_csv(text, headings, rows)
        text.detach()
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.{form}")
