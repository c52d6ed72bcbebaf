"""The administrator brings a book in, step by step; nobody else may."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from policies import tasks
from policies.batches import ImportBatch
from policies.importing import intake
from policies.importing.apply import Order
from policies.importing.direct import import_path
from policies.models import Policy
from tests.policies.importing.books import write_xlsx

pytestmark = pytest.mark.django_db
BOOKS = Path(__file__).parents[1] / "data" / "books"
HEAVY = BOOKS / "issued-12-heavy-gb18030.csv"
HEADINGS = "保单号,投保人,保费,生效日期,手机号码,证件号码\n"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "wake", lambda batch: None)


@pytest.fixture
def office(admin: Any, login: Any) -> Any:
    return login(admin)


def upload(browser: Any, content: bytes, name: str = "book.csv", **fields: str) -> Any:
    file = SimpleUploadedFile(name, content)
    return browser.post(reverse("imports:list"), {"file": file, "key": "k1"} | fields)


def batch_of(browser: Any, content: bytes, **fields: str) -> ImportBatch:
    assert upload(browser, content, **fields).status_code == 302
    return ImportBatch.objects.latest("pk")


def test_a_book_goes_through_all_steps(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    check, run, result = (
        reverse(f"imports:{s}", args=[batch.pk]) for s in ("check", "run", "result")
    )
    assert "Checking the file" in office.get(check, headers={"accept-language": "en"}).text
    intake.check(batch)
    assert not Policy.objects.exists()
    page = office.get(check, headers={"accept-language": "en"}).text
    assert "Import 1,108 rows, skip 7" in page
    assert "Nothing has been written yet" in page
    assert office.post(check)["Location"] == run
    assert office.get(run).status_code == 200
    batch.refresh_from_db()
    intake.apply(batch)
    assert office.get(run)["Location"] == result
    assert Policy.objects.count() == 1108
    assert "7 rows were not imported" in office.get(result, headers={"accept-language": "en"}).text
    assert batch in ImportBatch.objects.not_listed()


def test_a_file_name_with_markup_is_shown_as_typed(office: Any) -> None:
    name = "<b>册&</b><img src=x onerror=alert(1)>.csv"
    batch = batch_of(office, HEADINGS.encode(), name=name)
    for page in (reverse("imports:list"), reverse("imports:check", args=[batch.pk])):
        text = office.get(page).text
        assert "<img src=x" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;.csv" in text


def test_confirming_twice_writes_once(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    check = reverse("imports:check", args=[batch.pk])
    office.post(check)
    office.post(check)
    batch.refresh_from_db()
    intake.apply(batch)
    office.post(check)
    batch.refresh_from_db()
    intake.apply(batch)
    assert batch.state == ImportBatch.State.APPLIED
    assert batch.report["created_policies"] == 1108
    assert AuditEntry.objects.filter(action="import").count() == 1


def test_a_form_sent_twice_is_one_import(office: Any) -> None:
    upload(office, HEAVY.read_bytes())
    upload(office, HEAVY.read_bytes())
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("book.xlsx", b"PK\x03\x04 this is no workbook"),
        ("book.xlsx", "保单号,投保人\n".encode()),
        ("book.pdf", b"%PDF-1.7"),
        ("book.csv", "今天天气很好\n".encode() * 30),
        ("book.csv", "保单号,投保人\nP1,张三\n".encode()),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(office: Any, name: str, content: bytes) -> None:
    answer = upload(office, content, name)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert not ImportBatch.objects.exists()


def test_a_file_too_large_is_told(office: Any, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 1 << 20
    assert upload(office, b"x" * (1 << 20) + b"x").status_code == 422


def test_a_file_found_unreadable_in_the_background_says_why(office: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(intake, "look_into", lambda path, name: None)
    batch = batch_of(office, "今天天气很好\n".encode())
    intake.check(batch)
    assert batch.state == ImportBatch.State.FAILED
    page = office.get(reverse("imports:check", args=[batch.pk]), follow=True)
    assert (
        batch.report["refusal"]["en"] in page.text
        or batch.report["refusal"]["zh-hans"] in page.text
    )


def test_a_group_of_problems_shows_its_rows(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    check = reverse("imports:check", args=[batch.pk])
    page = office.get(check, {"group": "premium_negative"}).text
    assert "-500.00" in page
    assert "849" in page
    assert office.get(check, {"group": "nonsense"}).status_code == 200


def test_personal_numbers_are_masked_in_the_report(office: Any) -> None:
    row = "P1,张三,100,2024-01-01,1380013800,330106199003071234\n"
    batch = batch_of(office, (HEADINGS + row).encode())
    intake.check(batch)
    assert "330106199003071234" not in str(batch.report)
    assert "1380013800" not in str(batch.report)
    assert {group["code"] for group in batch.report["groups"]} == {"id_checksum", "phone_invalid"}


@pytest.mark.parametrize("form", ["refused", "refused_csv"])
def test_the_refused_rows_come_back_with_their_reasons_and_can_be_sent_again(
    office: Any, form: str
) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    answer = office.get(
        reverse(f"imports:{form}", args=[batch.pk]), headers={"accept-language": "en"}
    )
    content = b"".join(answer.streaming_content)
    name = "again.csv" if form == "refused_csv" else "again.xlsx"
    assert upload(office, content, name, key="k2").status_code == 302
    again = ImportBatch.objects.latest("pk")
    intake.check(again)
    assert again.report["rows"] == again.report["rejected_rows"] == 7
    assert AuditEntry.objects.filter(action="export").count() == 1


def test_a_checked_book_can_be_put_away(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    path = Path(batch.file.path)
    office.post(reverse("imports:discard", args=[batch.pk]))
    assert not ImportBatch.objects.exists()
    assert not path.exists()


def test_several_files_are_followed_on_the_list(office: Any) -> None:
    files = [SimpleUploadedFile(f"{n}.csv", HEAVY.read_bytes()) for n in range(2)]
    english: dict[str, Any] = {"headers": {"accept-language": "en"}}
    answer = office.post(reverse("imports:list"), {"file": files, "key": "k1"}, **english)
    assert answer["Location"] == f"{reverse('imports:list')}#recent"
    assert "2 files are being checked" in office.get(reverse("imports:list"), **english).text
    asked = office.get(reverse("imports:list"), headers={"hx-request": "true"}).text
    assert "<html" not in asked
    assert "hx-trigger" in asked
    for batch in ImportBatch.objects.all():
        intake.check(batch)
    asked = office.get(reverse("imports:list"), headers={"hx-request": "true"}).text
    assert "hx-trigger" not in asked


def test_the_progress_says_how_long_it_takes_and_who_is_ahead(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    now = timezone.now()
    reading = {"state": "applying", "begun_at": now - timedelta(seconds=10), "heartbeat_at": now}
    ImportBatch.objects.update(**reading, done_rows=500, total_rows=1000)
    run = reverse("imports:run", args=[batch.pk])
    english: dict[str, Any] = {"headers": {"accept-language": "en"}}
    assert "about 50 seconds left" in office.get(run, **english).text
    ImportBatch.objects.update(done_rows=1000)
    assert "about 20 seconds left" in office.get(run, **english).text
    ImportBatch.objects.update(begun_at=now - timedelta(seconds=1000), done_rows=100)
    assert "minutes left" in office.get(run, **english).text
    other = batch_of(office, HEAVY.read_bytes(), key="k2")
    check = reverse("imports:check", args=[other.pk])
    page = office.get(check, **english).text
    assert "“book.csv” is being written; this list follows it." in page
    assert "0 / 0" not in page


def test_the_page_that_asks_each_second_is_told_when_to_stop(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    check = reverse("imports:check", args=[batch.pk])
    asked = office.get(check, headers={"hx-request": "true"})
    assert "<html" not in asked.text
    assert 'hx-get="' in asked.text
    intake.check(batch)
    told = office.get(check, headers={"hx-request": "true"})
    assert (told.status_code, told["HX-Redirect"]) == (286, check)


def test_what_lost_its_message_or_its_worker_is_taken_up_again(
    office: Any, monkeypatch: Any
) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    woken: list[int] = []
    monkeypatch.setattr(tasks, "wake", lambda batch: woken.append(batch.pk))
    assert tasks.pick_up_waiting() == 1
    assert batch.take(ImportBatch.State.CHECKING, ImportBatch.CHECKS)
    assert tasks.pick_up_waiting() == 0
    assert not batch.take(ImportBatch.State.CHECKING, ImportBatch.CHECKS)
    ImportBatch.objects.update(heartbeat_at="2020-01-01T00:00:00Z")
    assert tasks.pick_up_waiting() == 1
    intake.check(batch)
    assert batch.state == ImportBatch.State.CHECKED
    assert woken == [batch.pk, batch.pk]


@pytest.mark.parametrize("who", ["alice", "bob", "dora", "auditor"])
def test_only_administrators_import(who: str, request: Any, login: Any, office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    browser = login(request.getfixturevalue(who))
    assert upload(browser, HEAVY.read_bytes()).status_code == 403
    for name in ("batch", "check", "run", "result", "refused", "refused_csv"):
        assert browser.get(reverse(f"imports:{name}", args=[batch.pk])).status_code == 403
    assert browser.post(reverse("imports:discard", args=[batch.pk])).status_code == 403


def test_eight_imports_cost_the_queries_of_one(office: Any, admin: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            office.get(reverse("imports:list"))
        return len(seen)

    batch = batch_of(office, HEAVY.read_bytes())
    office.get(reverse("imports:list"))
    one = queries()
    for n in range(7):
        batch.pk = None
        batch.name = f"{n}.csv"
        batch.save(force_insert=True)
    assert queries() == one


def test_old_files_are_forgotten_and_their_counts_kept(office: Any, settings: Any) -> None:
    settings.IMPORT_KEEP_DAYS = 90
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    batch.confirm()
    batch.refresh_from_db()
    intake.apply(batch)
    kept = Path(batch.file.path)
    refused = reverse("imports:refused", args=[batch.pk])
    assert tasks.forget_old_files() == 0
    assert office.get(refused).status_code == 200
    ImportBatch.objects.update(uploaded_at=timezone.now() - timedelta(days=91))
    assert tasks.forget_old_files() == 1
    assert not kept.exists()
    answer = office.get(refused, headers={"accept-language": "en"})
    assert answer.status_code == 410
    assert "kept for 90 days" in answer.text
    assert office.get(reverse("imports:result", args=[batch.pk])).status_code == 200
    assert tasks.forget_old_files() == 0


def test_an_old_book_that_nobody_confirmed_is_discarded(office: Any) -> None:
    batch = batch_of(office, HEAVY.read_bytes())
    intake.check(batch)
    ImportBatch.objects.update(uploaded_at=timezone.now() - timedelta(days=400))
    assert tasks.forget_old_files() == 1
    assert not ImportBatch.objects.exists()


# --- lists of every kind


BANK = "账户名,账号,金额,状态描述,回盘日期,费用类型,关联业务号码,管理机构\n"
EN = {"accept-language": "en"}


def test_a_bank_return_shows_what_it_collects_and_what_fails(
    office: Any, make_policy: Any, make_instalment: Any
) -> None:
    make_instalment(make_policy(policy_no="P11"), amount=100)
    make_instalment(make_policy(policy_no="P12"), amount=200)
    lines = [
        "甲,62341232,100.00,收费成功,2026-06-20,续期保费,P11,杭州",
        "乙,62341233,200.00,余额不足,2026-06-20,续期保费,P12,杭州",
        "丙,62341234,300.00,收费成功,2026-06-20,续期保费,P99,杭州",
    ]
    batch = batch_of(office, (BANK + "\n".join(lines)).encode())
    intake.check(batch)
    page = office.get(reverse("imports:check", args=[batch.pk]), headers=EN).text
    assert "Bank return" in page
    assert "Balance too low" in page
    assert (batch.kind, batch.report["collected"], batch.report["failed"]) == ("bank", 1, 1)
    assert batch.report["waiting"] == 1
    batch.confirm()
    batch.refresh_from_db()
    intake.apply(batch)
    page = office.get(reverse("imports:result", args=[batch.pk]), headers=EN).text
    assert "1 premiums collected, 1 debits failed, 1 lines wait for a person" in page
    again = batch_of(office, (BANK + "\n".join(lines)).encode(), key="k2")
    intake.check(again)
    page = office.get(reverse("imports:check", args=[again.pk]), headers=EN).text
    assert "importing it changes nothing" in page


def test_several_files_are_several_imports(office: Any) -> None:
    files = [
        SimpleUploadedFile("book.csv", HEAVY.read_bytes()),
        SimpleUploadedFile("bank.csv", (BANK + "甲,1,100,收费成功,2026-06-20,,P11,").encode()),
    ]
    answer = office.post(reverse("imports:list"), {"file": files, "key": "k1"})
    assert answer["Location"] == f"{reverse('imports:list')}#recent"
    assert list(ImportBatch.objects.order_by("pk").values_list("name", flat=True)) == [
        "book.csv", "bank.csv"
    ]  # fmt: skip


def test_one_bad_file_of_several_is_named_and_none_is_taken(office: Any) -> None:
    files = [SimpleUploadedFile("book.csv", HEAVY.read_bytes()), SimpleUploadedFile("x.csv", b"")]
    answer = office.post(reverse("imports:list"), {"file": files, "key": "k1"}, headers=EN)
    assert answer.status_code == 422
    assert "x.csv: The file is empty." in answer.text
    assert not ImportBatch.objects.exists()


def test_the_lists_of_a_workbook_become_imports_of_their_own(office: Any, tmp_path: Path) -> None:
    renewal = [["保险单号码", "交费对应日", "应收保费"], ["P1", "2026-07-05", 1200]]
    bank = [BANK.strip().split(","), ["甲", "1", 100, "收费成功", "2026-06-20", "", "P11", ""]]
    path = write_xlsx(tmp_path / "both.xlsx", renewal, bank)
    upload(office, path.read_bytes(), name="both.xlsx")
    batch = ImportBatch.objects.get()
    others = intake.check(batch)
    assert (batch.kind, [other.kind for other in others]) == ("renewal", ["bank"])
    page = office.get(reverse("imports:check", args=[batch.pk]), headers=EN).text
    assert "The file holds other lists, too" in page
    assert intake.check(others[0]) == []
    assert ImportBatch.objects.count() == 2
    assert (others[0].kind, others[0].report["rows"]) == ("bank", 1)


def test_rows_of_unknown_policies_can_be_downloaded(office: Any) -> None:
    content = "保险单号码,交费对应日,应收保费\nP404,2026-07-05,1200\n"
    batch = batch_of(office, content.encode())
    intake.check(batch)
    text = office.get(reverse("imports:refused_csv", args=[batch.pk]), headers=EN)
    lines = b"".join(text.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "保险单号码,交费对应日,应收保费,Row,Reason"
    page = office.get(reverse("imports:check", args=[batch.pk]), headers=EN).text
    assert "No row can be imported" in page
    assert "Nothing new" not in page
    assert lines[1].startswith("P404,2026-07-05,1200,2,")
    assert "No policy has this number" in lines[1]


# --- agents that nobody knows

OF_NOBODY = (
    "保单号,投保人,保费,生效日期,服务人员代码\n"
    "P1,张三,1000,2021-04-17,X7\nP2,李四,1000,2021-04-17,X8\nP3,王五,1000,2021-04-17,X8\n"
)
ENGLISH = {"accept-language": "en"}


def checked_again(batch: ImportBatch) -> ImportBatch:
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UPLOADED
    intake.check(batch)
    return batch


def asked_for_owners(office: Any, content: str = OF_NOBODY) -> ImportBatch:
    batch = batch_of(office, content.encode())
    intake.check(batch)
    return batch


def served_by() -> dict[str, str | None]:
    return dict(Policy.objects.values_list("policy_no", "agent__staff_no"))


def test_policies_of_unknown_agents_are_given_to_somebody(
    office: Any, alice: Any, carol: Any
) -> None:
    batch = asked_for_owners(office)
    give, check = (reverse(f"imports:{s}", args=[batch.pk]) for s in ("give", "check"))
    assert "Assign and check again" in office.get(check, headers=ENGLISH).text
    assert office.post(give, {"number": "X7", "to": alice.pk})["Location"] == check
    checked_again(batch)
    assert batch.report["unknown_agents"] == ["X8"]
    office.post(give, {"to": carol.pk})
    checked_again(batch)
    assert not batch.report["groups"]
    page = office.get(check, headers=ENGLISH).text
    assert "X7 → 林晓芸 · A1; X8 → 何俊杰 · A2" in page
    batch.confirm()
    intake.apply(batch)
    assert served_by() == {"P1": "A1", "P2": "A2", "P3": "A2"}
    entry = AuditEntry.objects.get(action="import")
    assert entry.detail["owners"] == {"X7": "A1", "X8": "A2"}


def test_who_serves_is_known_the_next_time_until_the_number_is_somebodys(
    office: Any, alice: Any
) -> None:
    batch = asked_for_owners(office)
    office.post(reverse("imports:give", args=[batch.pk]), {"to": alice.pk})
    checked_again(batch).confirm()
    intake.apply(batch)
    alice.pk, alice.staff_no = None, "X8"
    alice.save()
    later = ImportBatch.objects.get(
        pk=upload(office, OF_NOBODY.encode() + b"\n", key="k2")["Location"].split("/")[2]
    )
    intake.check(later)
    assert not later.report["groups"]
    later.confirm()
    intake.apply(later)
    assert served_by() == {"P1": "A1", "P2": "X8", "P3": "X8"}


def test_a_folder_knows_who_serves_too(office: Any, alice: Any, tmp_path: Path) -> None:
    batch = asked_for_owners(office)
    office.post(reverse("imports:give", args=[batch.pk]), {"to": alice.pk})
    checked_again(batch).confirm()
    intake.apply(batch)
    path = tmp_path / "book.csv"
    path.write_text(OF_NOBODY + "P4,赵六,1000,2021-04-17,X8\n", encoding="utf-8")
    [report] = import_path(path, path.name, Order(batch.insurer))
    assert not report.warnings
    assert served_by()["P4"] == "A1"
    assert ImportBatch.last_owners(batch.insurer) == {"X7": "A1", "X8": "A1"}


def test_it_can_be_forgotten_and_then_they_go_to_the_pool(office: Any, alice: Any) -> None:
    batch = asked_for_owners(office)
    office.post(reverse("imports:give", args=[batch.pk]), {"to": alice.pk})
    checked_again(batch)
    office.post(reverse("imports:give_back", args=[batch.pk]))
    checked_again(batch)
    assert batch.report["unknown_agents"] == ["X7", "X8"]
    batch.confirm()
    intake.apply(batch)
    assert set(served_by().values()) == {None}


def test_accounts_are_made_of_the_numbers_from_the_check(office: Any) -> None:
    batch = asked_for_owners(office)
    office.post(reverse("imports:make_agents", args=[batch.pk]))
    checked_again(batch)
    assert not batch.report["groups"]
    batch.confirm()
    intake.apply(batch)
    assert served_by() == {"P1": "X7", "P2": "X8", "P3": "X8"}


@pytest.mark.parametrize("wrong", [{}, {"to": "0"}, {"to": "x"}, {"number": "X9"}])
def test_who_is_nobody_serves_nobody(office: Any, alice: Any, wrong: dict[str, str]) -> None:
    batch = asked_for_owners(office)
    sent = {"to": str(alice.pk)} | wrong if wrong else {}
    answer = office.post(
        reverse("imports:give", args=[batch.pk]), sent, headers=ENGLISH, follow=True
    )
    assert "Choose an agent." in answer.text or wrong == {"number": "X9"}
    batch.refresh_from_db()
    assert (batch.state, batch.owners) == (ImportBatch.State.CHECKED, {})


def test_somebody_who_has_left_serves_nobody(office: Any, alice: Any) -> None:
    batch = asked_for_owners(office)
    office.post(reverse("imports:give", args=[batch.pk]), {"to": alice.pk})
    alice.is_active = False
    alice.save()
    checked_again(batch)
    assert batch.report["unknown_agents"] == ["X7", "X8"]


def test_a_list_checked_again_keeps_no_rows_of_the_first_check(office: Any) -> None:
    refused = "P9,赵六,缺,2021-04-17,X7\n"
    batch = asked_for_owners(office, OF_NOBODY + refused)
    first = Path(batch.refused_file.path)
    office.post(reverse("imports:make_agents", args=[batch.pk]))
    checked_again(batch)
    assert not first.exists()
    assert Path(batch.refused_file.path).exists()
