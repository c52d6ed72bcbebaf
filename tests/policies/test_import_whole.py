"""All or nothing, once, in any order: wherever an import or an undo breaks off."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib import tables
from policies import tasks
from policies.batches import ImportBatch
from policies.importing import book, intake, parsing
from policies.models import Insurer, Policy
from tests.policies.test_import_undo import BOOK, NEXT, bring, digest, line

FIRST = BOOK + line("P1", mobile="13800138000") + line("P2", "李四")
SECOND = BOOK + line("P1", premium="1200", due=NEXT + timedelta(days=365)) + line("P3", "王五")


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "wake", lambda batch: None)


class Killed(BaseException):
    """The process is gone: nobody catches this."""


@contextmanager
def killed_at(n: int) -> Iterator[list[int]]:
    """Die before the n-th statement that reaches the database; tell how many there were."""
    seen = [0]

    def count(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
        seen[0] += 1
        if seen[0] == n:
            raise Killed
        return execute(sql, *more)

    with connection.execute_wrapper(count):
        yield seen


def dies(work: Callable[[ImportBatch], object], batch: ImportBatch, n: int) -> bool:
    """Whether it died at the n-th statement, as a killed worker does: with its transaction."""
    try:
        with transaction.atomic(), killed_at(n):
            work(batch)
    except Killed:
        return True
    return False


def again(batch: ImportBatch) -> None:
    """The tick finds that nobody is at it any more."""
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=None)
    batch.refresh_from_db()


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["import", "undo"])
def test_killed_at_any_statement_it_is_all_or_nothing(what: str) -> None:
    bring(FIRST)
    file = intake.ImportBatch.receive(_file(SECOND), insurer=Insurer.usual(), create_agents=True)
    intake.check(file)
    file.confirm()
    work: Callable[[ImportBatch], object] = intake.apply
    if what == "undo":
        intake.apply(file)
        file.ask_undo(None)
        work = intake.undo
    again(file)
    before = digest()
    with transaction.atomic(), killed_at(0) as seen:
        work(file)
        after = digest()
        transaction.set_rollback(True)
    again(file)
    for n in range(1, seen[0] - 9, 7):
        assert dies(work, file, n), n
        assert digest() == before, n
        again(file)
    work(file)
    assert digest()["policies_policy"] != before["policies_policy"]
    assert Policy.objects.count() == (2 if what == "undo" else 3)
    assert after.keys() == before.keys()


def _file(content: str) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("book.csv", content.encode())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_overlapping_imports_end_as_if_one_came_after_the_other() -> None:
    batches = []
    for content in (FIRST, SECOND):
        batch = ImportBatch.receive(_file(content), insurer=Insurer.usual(), create_agents=True)
        intake.check(batch)
        batch.confirm()
        batch.refresh_from_db()
        batches.append(batch)

    def work(batch: ImportBatch) -> None:
        try:
            intake.apply(batch)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {batch.state for batch in ImportBatch.objects.all()} == {"applied"}
    found = dict(Policy.objects.values_list("policy_no", "premium"))
    assert set(found) == {"P1", "P2", "P3"}
    assert found["P1"] in {1000, 1200}
    holders = Policy.objects.values_list("holder__name", flat=True).order_by("policy_no")
    assert list(holders) == ["张三", "李四", "王五"]


def _told() -> list[tuple[Any, ...]]:
    """The book without the numbers that the database gives."""
    return sorted(
        Policy.objects.values_list(
            "policy_no", "premium", "next_due_on", "agent__staff_no", "product__name", "holder__name",
            "holder__mobile", "instalments__due_on", "instalments__paid_on",
        ),
        key=str,
    )  # fmt: skip


@pytest.mark.django_db
def test_books_about_different_policies_may_come_in_any_order() -> None:
    books = [
        BOOK + line(f"P{n}", name, agent=f"X{n}") for n, name in enumerate(("张三", "李四", "王五"))
    ]
    told = []
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        with transaction.atomic():
            for n in order:
                bring(books[n])
            told.append(_told())
            transaction.set_rollback(True)
    assert told[0] == told[1] == told[2]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff"),
    max_size=12,
).map(str.strip)  # fmt: skip
NASTY = st.sampled_from(
    [
        "=1+1",
        "'x",
        "-5",
        "+86 138",
        "@a",
        "00120",
        "＝x",
        "𠮷䶮㛃·",
        "=",
        "--",
        "+",
        "''x",
        '=x"y',
        '"',
        "a,b;c",
        "1E5",
        "1.0",
        "#REF!",
        "合计",
        "－1",
        "2026/3/1 10:05",
    ]
)
WHOLE = st.lists(st.lists(TEXTS | NASTY, min_size=3, max_size=3), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=WHOLE)
def test_any_table_goes_out_and_comes_in_as_itself(
    form: str, rows: list[list[str]], tmp_path: Path
) -> None:
    path = tmp_path / f"table.{form}"
    headings = ["保单号", "投保人", "备注"]
    if form == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            tables.write_csv(file, headings, rows)
    else:
        tables.write_xlsx(path, headings, rows)
    (sheet,) = book.open_book(path, "xlsx" if form == "xlsx" else "text", [])
    read = [[parsing.text_of(cell) for cell in cells] for _row, cells in sheet.rows][1:]
    said = [[parsing._UNPRINTABLE.sub("", text).strip() for text in row] for row in rows]
    assert [(row + [""] * 3)[:3] for row in read if any(row)] == [row for row in said if any(row)]
