"""What a file's columns are: recognised in silence, asked where in doubt, remembered and shared."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from clients.models import Client
from policies import tasks
from policies.batches import HeadingMemory, ImportBatch
from policies.importing import intake
from policies.importing.layouts import LAYOUTS
from policies.importing.mapping import guesses
from policies.models import Insurer, Policy, Record
from tests.policies.importing.books import NAMES, SAMPLES, read

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
ODD = "保单号,投保人,投保人证件的号码,保费,生效日期,备注2\n"
ROW = "P1,张三,330502197402102930,1000,2021-04-17,老客户\n"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "wake", lambda batch: None)


@pytest.fixture
def office(admin: Any, login: Any) -> Any:
    return login(admin)


def receive(content: str, **more: Any) -> ImportBatch:
    file = SimpleUploadedFile("book.csv", content.encode())
    batch = ImportBatch.receive(file, insurer=Insurer.usual(), **more)
    intake.check(batch)
    batch.refresh_from_db()
    return batch


def bring(content: str, **more: Any) -> ImportBatch:
    batch = receive(content, **more)
    assert batch.confirm(), batch.state
    intake.apply(batch)
    return batch


def answers(batch: ImportBatch, **changed: str) -> dict[str, str]:
    """The form as it stands, but for the columns named by their headings."""
    columns = batch.columns["columns"]
    said = {f"column-{c['place']}": changed.get(c["heading"], c["field"]) for c in columns}
    return said | {"mode": "take", "remember": "on"}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_asked_about_the_lists_of_insurers(name: str) -> None:
    header = read(SAMPLES / name)[0].header
    assert not [guess for guess in header.columns if guess.asked or not guess.field]


def test_what_resembles_a_heading_is_asked_and_what_does_not_is_left_out() -> None:
    batch = receive(ODD + ROW)
    assert batch.state == ImportBatch.State.MAPPING
    told = {c["heading"]: (c["field"], c["asked"]) for c in batch.columns["columns"]}
    assert told["投保人证件的号码"] == ("id_number", True)
    assert told["备注2"] == ("", False)
    assert told["保费"] == ("premium", False)


def test_cells_tell_what_their_heading_does_not() -> None:
    layout = LAYOUTS["issued"]
    headings = ["保单号", "甲", "乙", "丙"]
    rows = [["P1", "330502197402102930", "13800138000", "a@b.cn"]]
    found = guesses(layout, headings, layout.match(headings), rows, {})
    assert [guess.field for guess in found] == ["policy_no", "id_number", "mobile", "email"]
    assert "330502197402102930" not in str(found)
    assert "13800138000" not in str(found)


def test_the_answer_is_taken_remembered_and_not_asked_again(office: Any) -> None:
    batch = receive(ODD + ROW)
    page = reverse("imports:map", args=[batch.pk])
    shown = office.get(page, headers=ENGLISH).text
    assert "投保人证件的号码" in shown
    assert "330502197402102930" not in shown
    assert office.post(page, answers(batch))["Location"] == reverse(
        "imports:check", args=[batch.pk]
    )
    batch.refresh_from_db()
    intake.check(batch)
    assert batch.state == ImportBatch.State.CHECKED
    batch.confirm()
    intake.apply(batch)
    assert Client.objects.get().id_number == "330502197402102930"
    assert HeadingMemory.objects.get(heading="投保人证件的号码").field == "id_number"
    assert receive(ODD + ROW.replace("P1", "P2")).state == ImportBatch.State.CHECKED


def test_what_is_not_wanted_is_not_imported(office: Any) -> None:
    batch = receive(ODD + ROW)
    office.post(reverse("imports:map", args=[batch.pk]), answers(batch, 投保人证件的号码=""))
    batch.refresh_from_db()
    intake.check(batch)
    batch.confirm()
    intake.apply(batch)
    assert Client.objects.get().id_number == ""


def test_a_list_that_lacks_a_column_is_asked_for_it(office: Any) -> None:
    batch = receive("合约,投保人,生效日期,缴费方式,每年交多少\nP1,张三,2021-04-17,年交,1000\n")
    assert batch.state == ImportBatch.State.MAPPING
    page = reverse("imports:map", args=[batch.pk])
    told = office.get(page, headers=ENGLISH).text
    assert "Nothing in the file is recognised as: Policy Number" in told
    assert "1 row " in told
    refused = office.post(page, answers(batch, 合约="", 每年交多少=""), headers=ENGLISH)
    assert refused.status_code == 422
    assert "without it the list cannot be imported" in refused.text
    twice = office.post(
        page, answers(batch, 合约="policy_no", 每年交多少="policy_no"), headers=ENGLISH
    )
    assert "Two columns are" in twice.text
    office.post(page, answers(batch, 合约="policy_no", 每年交多少="premium"))
    batch.refresh_from_db()
    intake.check(batch)
    batch.confirm()
    intake.apply(batch)
    assert Policy.objects.get().premium == Decimal(1000)


def test_a_known_heading_can_be_corrected(office: Any) -> None:
    batch = receive(
        "保单号,投保人,保费,生效日期,联系电话,手机号码\nP1,张三,1,2021-04-17,,0571-1234567\n"
    )
    assert batch.state == ImportBatch.State.CHECKED
    page = reverse("imports:map", args=[batch.pk])
    assert office.get(page).status_code == 200
    office.post(page, answers(batch, 联系电话="", 手机号码="phone"))
    batch.refresh_from_db()
    intake.check(batch)
    assert batch.state == ImportBatch.State.CHECKED
    assert set(HeadingMemory.objects.values_list("plain", "field")) == {
        ("联系电话", ""), ("手机号码", "phone"),
    }  # fmt: skip


def test_columns_are_shared_as_a_file(office: Any) -> None:
    HeadingMemory.learn(Insurer.usual().pk, "issued", {"备注2": "", "合约": "policy_no"}, None)
    saved = office.get(reverse("imports:memory_file")).content
    HeadingMemory.objects.all().delete()
    page = reverse("imports:memory")
    assert office.post(page, {"file": SimpleUploadedFile("c.json", saved)}).status_code == 302
    assert HeadingMemory.of(Insurer.usual().pk) == {"issued": {"备注2": "", "合约": "policy_no"}}
    assert "合约" in office.get(page).text
    office.post(reverse("imports:forget", args=[HeadingMemory.objects.get(plain="合约").pk]))
    assert HeadingMemory.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b"\xff", b'{"format": "evergreen-columns", "columns": [1]}',
        b'{"format": "evergreen-columns", "columns": [{"insurer": "main", "kind": "issued",'
        b' "heading": "x", "field": "note"}]}',
    ],
)  # fmt: skip
def test_another_file_is_told_so(office: Any, content: bytes) -> None:
    answer = office.post(reverse("imports:memory"), {"file": SimpleUploadedFile("c.json", content)})
    assert answer.status_code == 422
    assert not HeadingMemory.objects.exists()


# --- what becomes of what is known

BOOK = "保单号,投保人,手机号码,联系地址,保费,生效日期,被保险人,服务人员代码\n"
KNOWN = "P1,张三,13800138000,,1000,2021-04-17,,\n"
LATER = "P1,张三,13900139000,文三路1号,1200,2021-04-17,张小三,\nP2,李四,,,500,2022-01-01,,\n"


def known() -> tuple[Any, ...]:
    policy = Policy.objects.select_related("holder").get(policy_no="P1")
    holder = policy.holder
    return policy.premium, policy.insured_name, holder.mobile, holder.address


@pytest.mark.parametrize(
    ("mode", "becomes"),
    [
        ("take", (Decimal(1200), "张小三", "13900139000", "文三路1号")),
        ("fill", (Decimal(1000), "张小三", "13800138000", "文三路1号")),
        ("new", (Decimal(1000), "", "13800138000", "")),
    ],
)
def test_the_mode_says_what_becomes_of_what_is_known(mode: str, becomes: tuple[Any, ...]) -> None:
    bring(BOOK + KNOWN)
    Client.objects.update(note="自己写的", birthday_calendar="lunar")
    bring(BOOK + LATER, mode=mode)
    assert known() == becomes
    assert Policy.objects.filter(policy_no="P2").exists()
    assert set(Client.objects.filter(name="张三").values_list("note", "birthday_calendar")) == {
        ("自己写的", "lunar")
    }
    assert Client.objects.count() == 2


def test_filling_does_not_give_the_policy_another_holder() -> None:
    bring(BOOK + KNOWN)
    bring(BOOK + KNOWN.replace("张三", "王五"), mode="fill")
    assert Client.objects.get().name == "张三"


@pytest.mark.parametrize(("mode", "state"), [("take", "结案"), ("fill", "立案"), ("new", "立案")])
def test_claims_know_the_modes_too(make_policy: Any, mode: str, state: str) -> None:
    make_policy(policy_no="P1")
    bring("赔案号,保单号,案件状态,报案日期\nLP1,P1,立案,\n")
    bring(
        "赔案号,保单号,案件状态,报案日期\nLP1,P1,结案,2026-05-01\nLP2,P1,报案,2026-05-02\n",
        mode=mode,
    )
    claim = Record.objects.get(number="LP1")
    assert claim.state == state
    assert ("reported_on" in claim.fields) == (mode != "new")
    assert Record.objects.count() == 2


def test_every_change_is_shown_before_anything_is_written(office: Any) -> None:
    bring(BOOK + KNOWN)
    batch = receive(BOOK + LATER)
    page = office.get(reverse("imports:check", args=[batch.pk]), headers=ENGLISH).text
    assert known() == (Decimal(1000), "", "13800138000", "")
    assert batch.report["differences"] == 2
    for words in ("1000.00", "1200.00", "张小三", "138 **** 8000", "139 **** 9000", "文三路1号"):
        assert words in page
    assert "13900139000" not in page


def test_changes_come_in_pages(office: Any) -> None:
    rows = [f"P{n:04d},客户{n},,,{{}},2021-04-17,,\n" for n in range(120)]
    bring(BOOK + "".join(row.format(100) for row in rows))
    batch = receive(BOOK + "".join(row.format(200) for row in rows))
    check = reverse("imports:check", args=[batch.pk])
    second = office.get(check, {"page": "2"}, headers=ENGLISH).text
    assert "51–100 of 120" in second
    assert "客户50" in second
    assert "客户49<" not in second
    assert office.get(check, {"page": "nonsense"}).status_code == 200


def test_changes_of_other_lists_are_shown_too(make_policy: Any, office: Any) -> None:
    make_policy(policy_no="P1", receipt_signed_on=None)
    batch = receive("保单号,险种代码,回单日期,签收日期\nP1,1,2026-06-02,2026-06-01\n")
    page = office.get(reverse("imports:check", args=[batch.pk])).text
    assert "2026-06-01" in page
    assert Policy.objects.get().receipt_signed_on is None


def test_the_same_file_says_so(office: Any) -> None:
    bring(BOOK + KNOWN)
    batch = receive(BOOK + KNOWN)
    page = office.get(reverse("imports:check", args=[batch.pk]), headers=ENGLISH).text
    assert "This very file has been imported before" in page
    assert "Nothing new" in page


# --- stopping


@pytest.mark.parametrize("step", ["check", "apply"])
def test_what_is_stopped_leaves_nothing(step: str, office: Any, monkeypatch: Any) -> None:
    batch = receive(BOOK + KNOWN) if step == "apply" else None
    if batch is None:
        file = SimpleUploadedFile("book.csv", (BOOK + KNOWN).encode())
        batch = ImportBatch.receive(file, insurer=Insurer.usual())
    else:
        batch.confirm()
    real = ImportBatch.beat

    def stopped_meanwhile(self: ImportBatch, rows: int) -> None:
        office.post(reverse("imports:stop", args=[self.pk]))
        real(self, rows)

    monkeypatch.setattr(ImportBatch, "beat", stopped_meanwhile)
    getattr(intake, step)(batch)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.STOPPED
    assert not Policy.objects.exists()
    assert "Stopped" in office.get(reverse("imports:result", args=[batch.pk]), headers=ENGLISH).text


def test_what_is_stopped_at_the_last_moment_leaves_nothing(monkeypatch: Any) -> None:
    batch = receive(BOOK + KNOWN)
    batch.confirm()
    # Somebody's other transaction has stopped it: the state is no longer the one to finish from.
    monkeypatch.setattr(ImportBatch, "finish_from", lambda *said, **fields: False)
    intake.apply(batch)
    assert not Policy.objects.exists()
