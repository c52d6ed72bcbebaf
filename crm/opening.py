"""Before the doors open: tables, static files and, in an empty office, the demo branch."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation

from crm import environment as env


def main() -> None:
    """Make everything ready; progress goes to stderr, the demo accounts to stdout."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    from crm.demo import ACCOUNTS

    migrate()
    collect_static()
    if env.flag("DEMO", default=not settings.DATABASE_URL):
        load_demo()
        for label, staff_no, password in demo_accounts(ACCOUNTS):
            print(f"  {label:<24} {staff_no:<8} {password}")


def migrate() -> None:
    """Migrate if there is anything to do: asking takes milliseconds, `migrate` seconds."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)


def collect_static() -> None:
    """Collect, hash and compress the static files again when one of them has changed."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    now = fingerprint()
    if stamp.exists() and stamp.read_text() == now:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(now)


def fingerprint() -> str:
    found = hashlib.sha256()
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            changed_at = Path(storage.path(name)).stat()
            found.update(f"{name} {changed_at.st_mtime_ns} {changed_at.st_size}\n".encode())
    return found.hexdigest()


def load_demo() -> None:
    if not get_user_model().objects.exists():
        with transaction.atomic():  # a Ctrl-C leaves no half branch behind
            call_command("demo", stdout=sys.stderr)


def demo_accounts(accounts: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Give those demo accounts that this database has, each named in both languages."""
    numbers = [staff_no for _, staff_no, _ in accounts]
    here = set(
        get_user_model().objects.filter(staff_no__in=numbers).values_list("staff_no", flat=True)
    )
    for label, staff_no, password in accounts:
        if staff_no in here:
            yield " ".join(dict.fromkeys(in_both_languages(label))), staff_no, password


def in_both_languages(label: str) -> Iterator[str]:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            yield str(label)


if __name__ == "__main__":
    main()
