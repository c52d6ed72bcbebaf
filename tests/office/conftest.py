import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from crm.office.servers import embedded_database, run_dir


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty DATA_DIR whose servers write to the disk, as in a real office."""
    for name in ("THROWAWAY_SERVERS", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "var"
    monkeypatch.setenv("DATA_DIR", str(home))
    yield home
    shutil.rmtree(run_dir(home), ignore_errors=True)


def ask(home: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements one by one as the product's role; give the rows of the last."""
    entry = embedded_database(home)
    connection = psycopg2.connect(dbname=entry["NAME"], user=entry["USER"], host=entry["HOST"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()
