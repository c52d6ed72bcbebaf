"""Servers for the tests: a fresh PostgreSQL and queue for one session, thrown away after it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from crm import celery  # noqa: F401 - tasks sent by tests find the queue
from crm.office import servers
from crm.office.keeper import servers_in_use

if TYPE_CHECKING:
    import pytest


def begin(config: "pytest.Config") -> None:
    """Bring the servers up, once: the workers of pytest-xdist find them through the environment."""
    if hasattr(config, "workerinput"):
        return
    session = ExitStack()
    config.add_cleanup(session.close)
    use(session.enter_context(servers_for_tests()))


@contextmanager
def servers_for_tests() -> Iterator[Path]:
    """Have servers in a folder of their own for the length of the block; give the folder."""
    folder = Path(tempfile.mkdtemp(prefix="evergreen-test-")).resolve()
    os.environ |= {"DATA_DIR": str(folder), "THROWAWAY_SERVERS": "yes"}
    try:
        with servers_in_use(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def use(data_dir: Path) -> None:
    """Point settings that were read before the servers were there at them."""
    database = settings.DATABASES["default"]
    database |= servers.embedded_database(data_dir)
    settings.DATA_DIR = data_dir
    settings.MEDIA_ROOT = data_dir / "files"
    settings.CELERY_BROKER_URL = servers.embedded_queue_url(data_dir)
