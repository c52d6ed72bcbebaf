"""What is dropped into a folder is in the book once, and put away with its report."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from policies import tasks
from policies.batches import ImportBatch
from policies.importing import direct, intake
from policies.importing import folder as folders
from policies.importing.apply import Order
from policies.importing.folder import WATCHING, Folder, Put
from policies.models import Insurer, Policy
from tests.policies.test_import_undo import BOOK, line

pytestmark = pytest.mark.django_db


@pytest.fixture
def dropped(tmp_path: Path, settings: Any) -> Path:
    settings.LANGUAGE_CODE = "en"
    return tmp_path


def take(path: Path) -> list[Put]:
    return Folder(path).take(Order(Insurer.usual()), quiet=0)


def names(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_a_file_is_imported_and_put_away_with_its_report(dropped: Path) -> None:
    (dropped / "book.csv").write_text(BOOK + line("P1") + line("", "李四"))
    assert take(dropped) == [Put("book.csv", "done")]
    assert names(dropped / "done") == {"book.csv", "book.csv.txt"}
    report = (dropped / "done" / "book.csv.txt").read_text()
    assert "rows not imported: 1" in report
    assert "1 × 保单号: The policy number is missing" in report
    assert "rows 3\n" in report
    assert "没有保单号" in report
    assert "李四" not in report
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.name, batch.may_be_undone) == ("applied", "book.csv", True)
    _headings, rows = intake.refused_rows(batch)
    assert [row[-2:] for row in rows] == [["3", "保单号: The policy number is missing"]]
    assert take(dropped) == []


def test_the_same_file_again_changes_nothing_until_its_import_is_undone(dropped: Path) -> None:
    for _ in range(2):
        (dropped / "book.csv").write_text(BOOK + line("P1"))
        take(dropped)
    assert ImportBatch.objects.count() == 1
    assert "imported before" in (dropped / "done" / "book (2).csv.txt").read_text()
    ImportBatch.objects.update(state="undone")
    Policy.objects.all().delete()
    (dropped / "again.csv").write_text(BOOK + line("P1"))
    take(dropped)
    assert Policy.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", b""), ("letter.csv", b"Dear colleagues"), ("book.pdf", b"%PDF-1.7")],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(
    dropped: Path, name: str, content: bytes
) -> None:
    (dropped / name).write_bytes(content)
    assert take(dropped) == [Put(name, "refused")]
    said = (dropped / "refused" / f"{name}.txt").read_text("utf-8-sig").splitlines()
    assert (said[0], said[2]) == (name, "Nothing has been written.")
    assert "没有写入任何数据。" in said
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.name, batch.is_busy) == ("failed", name, False)
    assert set(batch.report["refusal"].values()) <= set(said)


def test_columns_that_somebody_would_be_asked_about_are_named(dropped: Path) -> None:
    (dropped / "book.csv").write_text(
        "保单号,投保人,投保人手机的号码,保费,生效日期,备注2\nP1,张三,13800138000,100,2024-01-01,柜面\n"
    )
    assert take(dropped) == [Put("book.csv", "done")]
    report = (dropped / "done" / "book.csv.txt").read_text("utf-8-sig")
    assert "nobody has said what they are: 投保人手机的号码." in report


def test_a_link_is_not_followed(dropped: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "book.csv"
    outside.write_text(BOOK + line("P1"))
    (dropped / "book.csv").symlink_to(outside)
    os.mkfifo(dropped / "pipe.csv")
    assert {put.where for put in take(dropped)} == {"refused"}
    assert outside.exists()
    assert not Policy.objects.exists()


def test_files_go_nowhere_else_than_into_the_folder(dropped: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (dropped / "done").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CommandError, match="leads out of the folder"):
        call_command("import_folder", dropped, "--once", "--quiet=0")
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("import_folder", dropped / "none", "--once")


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe.csv", "保单\u202evsc.csv".encode(), b"a\nb.csv", b"x" * 240 + b".csv", b"-rf .csv"],
)
def test_a_file_may_be_called_anything(dropped: Path, name: bytes) -> None:
    Path(os.fsdecode(os.fsencode(dropped) + b"/" + name)).write_text(BOOK + line("P1"))
    assert [put.where for put in take(dropped)] == ["done"]
    assert ImportBatch.objects.get().name.isprintable()
    assert len(names(dropped / "done")) == 2


def test_what_is_unfinished_waits(dropped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing = dropped / "book.csv"
    growing.write_text(BOOK)
    for name in (".book.csv", "~$book.xlsx", "book.csv.part"):
        (dropped / name).write_text(BOOK + line("P1"))

    def grow(seconds: float) -> None:
        growing.write_text(BOOK + line("P1"))

    monkeypatch.setattr(time, "sleep", grow)
    assert take(dropped) == []
    monkeypatch.undo()
    assert take(dropped) == [Put("book.csv", "done")]


def test_one_that_is_dropped_meanwhile_under_the_same_name_comes_next(
    dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported, path = direct.import_path, dropped / "book.csv"

    def replaced_meanwhile(*args: Any, **more: Any) -> Any:
        reports = imported(*args, **more)
        path.write_text(BOOK + line("P2"))
        return reports

    path.write_text(BOOK + line("P1"))
    monkeypatch.setattr(folders, "import_path", replaced_meanwhile)
    assert take(dropped) == []
    monkeypatch.setattr(folders, "import_path", imported)
    assert take(dropped) == [Put("book.csv", "done")]
    assert set(Policy.objects.values_list("policy_no", flat=True)) == {"P1", "P2"}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_at_one_folder_one_does_nothing(dropped: Path) -> None:
    (dropped / "book.csv").write_text(BOOK + line("P1"))
    found: list[list[Put]] = []

    def other() -> None:
        found.append(take(dropped))
        connection.close()

    with Folder(dropped)._alone() as alone:
        assert alone
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert found == [[]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE classid = %s", [WATCHING])
        assert cursor.fetchone() == (0,)
    assert take(dropped) == [Put("book.csv", "done")]


def test_the_schedule_takes_what_the_setting_names(dropped: Path, settings: Any) -> None:
    settings.IMPORT_FOLDER = str(dropped)
    (dropped / "book.csv").write_text(BOOK + line("P1"))
    tasks.import_folder.run(quiet=0)
    assert Policy.objects.exists()
