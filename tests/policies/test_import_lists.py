"""What the insurer's lists do to known policies, and to nothing else."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clients.models import Client
from policies.batches import ImportBatch
from policies.importing.apply import Order, Report
from policies.importing.intake import import_file, kinds_of
from policies.importing.problems import Refusal
from policies.lifecycle import PolicyEvent
from policies.models import BankRow, Instalment, Insurer, Policy
from tests.policies.importing.books import write_text, write_xlsx

pytestmark = pytest.mark.django_db
BOOKS = Path(__file__).parents[1] / "data" / "books"
TODAY = date(2026, 6, 12)
LISTS = ("renewal-11-none.xlsx", "persistency-11-none.xlsx", "bank-11-none.xlsx")
RENEWAL = [
    "保险单号码",
    "投保人",
    "险种名称",
    "交费对应日",
    "应收保费",
    "手机号码",
    "通讯地址",
    "开户行",
    "账号",
]
PERSISTENCY = [
    "保单号", "应交日", "交至日", "保单当前状态", "交费失败原因", "险种名称", "主附险标志", "应收保费", "投保人",
]  # fmt: skip


def order(**more: Any) -> Order:
    return Order(Insurer.usual(), **({"today": TODAY} | more))


def take(path: Path, **more: Any) -> Report:
    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=path.name)
    return import_file(path, path.name, order(batch=batch.pk, **more))


@pytest.fixture
def renewal(tmp_path: Path) -> Any:
    def taken(*rows: Sequence[object], **more: Any) -> Report:
        full = [[*row, *[""] * (len(RENEWAL) - len(row))] for row in rows]
        return take(write_text(tmp_path / "r.csv", [RENEWAL, *full]), **more)

    return taken


@pytest.fixture
def persistency(tmp_path: Path) -> Any:
    def taken(*rows: Sequence[object], **more: Any) -> Report:
        full = [[*row, *[""] * (len(PERSISTENCY) - len(row))] for row in rows]
        return take(write_text(tmp_path / "p.csv", [PERSISTENCY, *full]), **more)

    return taken


@pytest.fixture
def owed(make_policy: Any, make_instalment: Any, make_client: Any, alice: Any) -> Any:
    """A yearly policy with one premium owed."""

    def made(number: str, due_on: date, **more: Any) -> Policy:
        client = make_client(name="张三", agent=alice)
        policy: Policy = make_policy(
            client, policy_no=number, premium=Decimal("1000.00"), next_due_on=due_on,
            effective_on=due_on.replace(year=2021), **more,
        )  # fmt: skip
        make_instalment(policy, due_on=due_on, amount=Decimal("1000.00"))
        return policy

    return made


def premiums(policy: Policy) -> list[tuple[date, Decimal, bool]]:
    rows = policy.instalments.order_by("due_on")
    return [(row.due_on, row.amount, row.paid_on is not None) for row in rows]


def everything() -> list[Any]:
    models = (Client, Policy, Instalment, BankRow, PolicyEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- the sample lists


@pytest.mark.parametrize("name", LISTS)
def test_a_sample_list_is_known_by_its_headings(name: str) -> None:
    said = json.loads((BOOKS / f"{name}.answer.json").read_text())
    report = take(BOOKS / name)
    assert report.kind == said["layout"]
    assert kinds_of(BOOKS / name, name) == [said["layout"]]
    assert report.rows == said["rows"]


def test_the_sample_lists_fit_the_sample_book() -> None:
    book = BOOKS / "issued-11-none.xlsx"
    day = date(2026, 11, 22)
    take(book, today=day)
    for name in LISTS[:2]:
        said = json.loads((BOOKS / f"{name}.answer.json").read_text())
        report = take(BOOKS / name, today=day)
        assert (report.rows, report.rejected, report.warnings) == (said["accepted"], [], [])
        assert report.updated_policies + report.unchanged == said["accepted"]
        before = everything()
        again = take(BOOKS / name, today=day)
        assert (again.updated_policies, again.unchanged) == (0, said["accepted"])
        assert everything() == before


@pytest.mark.parametrize("name", LISTS[:2])
def test_unknown_policies_are_told_and_nothing_is_touched(name: str, owed: Any) -> None:
    owed("P1", TODAY)
    before = everything()
    report = take(BOOKS / name)
    assert report.rejected_rows == report.rows
    assert {finding.reason for finding in report.rejected} == {"policy_unknown"}
    assert everything() == before


# --- renewals due


def test_a_renewal_brings_a_new_date_and_amount(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1))
    report = renewal(["P1", "张三", "定期", "2026-07-05", "1,200.00"])
    assert premiums(policy) == [(date(2026, 7, 5), Decimal("1200.00"), False)]
    policy.refresh_from_db()
    assert policy.next_due_on == date(2026, 7, 5)
    assert policy.lapses_on == date(2026, 7, 5) + timedelta(days=61)
    assert (report.kind, report.updated_policies, report.unchanged) == ("renewal", 1, 0)


def test_what_is_earlier_than_the_premium_asked_for_is_paid(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2025, 7, 1))
    renewal(["P1", "张三", "定期", "2026-07-01", "1000"])
    assert premiums(policy) == [
        (date(2025, 7, 1), Decimal("1000.00"), True),
        (date(2026, 7, 1), Decimal("1000.00"), False),
    ]
    event = PolicyEvent.objects.get(kind="instalment")
    assert (event.source, event.was, event.now) == ("file", "owed", "paid")


def test_two_premiums_of_one_policy_are_both_owed(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 6, 1), premium_mode="monthly")
    renewal(
        ["P1", "张三", "定期", "2026-05-01", "1000"], ["P1", "张三", "定期", "2026-06-01", "1000"]
    )
    assert [(due, paid) for due, _, paid in premiums(policy)] == [
        (date(2026, 5, 1), False), (date(2026, 6, 1), False)
    ]  # fmt: skip


def test_main_policy_and_rider_are_one_premium(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1))
    report = renewal(
        ["P1", "张三", "定期寿险", "2026-07-01", "1000"],
        ["P1", "张三", "附加医疗", "2026-07-01", "200"],
        ["P1", "张三", "附加医疗", "2026-07-01", "200"],
    )
    assert premiums(policy) == [(date(2026, 7, 1), Decimal("1200.00"), False)]
    assert [finding.reason for finding in report.warnings] == ["line_repeated"]


def test_a_paid_premium_stays_paid(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1))
    policy.instalments.update(paid_on=TODAY)
    report = renewal(["P1", "张三", "定期", "2026-07-01", "1000"])
    assert premiums(policy) == [(date(2026, 7, 1), Decimal("1000.00"), True)]
    assert [finding.reason for finding in report.warnings] == ["premium_paid_already"]


def test_phones_and_banks_fill_only_what_is_empty(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1))
    Client.objects.update(mobile="", address="老地方")
    line = [
        "P1",
        "张三",
        "定期",
        "2026-07-01",
        "1000",
        "13857377450",
        "新地方",
        "招商银行",
        "62149876",
    ]
    assert renewal(line).updated_clients == 1
    client = Client.objects.get(pk=policy.holder_id)
    assert (client.mobile, client.address) == ("13857377450", "老地方")
    policy.refresh_from_db()
    assert (policy.bank_name, policy.account) == ("招商银行", "62149876")
    before = everything()
    again = renewal(line)
    assert (again.updated_clients, again.updated_policies) == (0, 0)
    assert everything() == before


def test_another_holders_phone_is_left_out(renewal: Any, owed: Any) -> None:
    owed("P1", date(2026, 7, 1))
    Client.objects.update(mobile="")
    report = renewal(["P1", "李四", "定期", "2026-07-01", "1000", "13857377450"])
    assert Client.objects.get().mobile == ""
    assert [finding.reason for finding in report.warnings] == ["holder_differs"]


def test_a_policy_that_has_ended_owes_nothing(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1), status="surrendered")
    report = renewal(["P1", "张三", "定期", "2026-08-01", "1000"])
    assert premiums(policy) == [(date(2026, 7, 1), Decimal("1000.00"), False)]
    assert [finding.reason for finding in report.rejected] == ["policy_not_paying"]


@pytest.mark.parametrize(
    ("due", "amount", "reason"),
    [("", "1000", "due_date_missing"), ("x", "1000", "date_invalid"), ("2026-07-01", "x", "premium_invalid")],
)  # fmt: skip
def test_a_line_without_its_day_or_amount_is_refused(
    renewal: Any, owed: Any, due: str, amount: str, reason: str
) -> None:
    policy = owed("P1", date(2026, 7, 1))
    report = renewal(["P1", "张三", "定期", due, amount])
    assert [finding.reason for finding in report.rejected] == [reason]
    assert premiums(policy) == [(date(2026, 7, 1), Decimal("1000.00"), False)]


def test_a_check_writes_nothing(renewal: Any, owed: Any) -> None:
    owed("P1", date(2026, 7, 1))
    before = everything()
    report = renewal(["P1", "张三", "定期", "2026-07-05", "1200"], dry_run=True)
    assert report.updated_policies == 1
    assert everything() == before


def test_two_days_later_is_the_same_premium(renewal: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1), premium_mode="monthly")
    renewal(["P1", "张三", "定期", "2026-07-03", "1000"])
    assert premiums(policy) == [(date(2026, 7, 3), Decimal("1000.00"), False)]
    renewal(["P1", "张三", "定期", "2026-08-03", "1000"])
    assert [paid for *_, paid in premiums(policy)] == [True, False]


# --- persistency


def test_paid_to_a_later_day_means_paid(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 3, 1))
    persistency(["P1", "2026-03-01", "2027-03-01", "有效", "", "定期", "主险", "1000", "张三"])
    assert [(due, paid) for due, _, paid in premiums(policy)] == [
        (date(2026, 3, 1), True), (date(2027, 3, 1), False)
    ]  # fmt: skip
    paid = policy.instalments.get(due_on=date(2026, 3, 1))
    assert paid.paid_on == paid.grace_ends_on  # not late, though the day is not known
    policy.refresh_from_db()
    assert (policy.paid_to, policy.next_due_on) == (date(2027, 3, 1), date(2027, 3, 1))


def test_paid_to_the_due_date_means_owed_and_says_why(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 6, 1))
    report = persistency(
        ["P1", "2026-06-01", "2026-06-01", "有效", "余额不足", "定期", "主险", "1000"]
    )
    instalment = policy.instalments.get()
    assert (instalment.paid_on, instalment.failure) == (None, "insufficient")
    assert instalment.failed_on == TODAY
    assert report.updated_policies == 1
    again = persistency(
        ["P1", "2026-06-01", "2026-06-01", "有效", "余额不足", "定期", "主险", "1000"],
        today=TODAY + timedelta(days=3),
    )
    assert (again.updated_policies, again.unchanged) == (0, 1)
    assert policy.instalments.get().failed_on == TODAY


def test_the_reason_of_an_earlier_debit_is_not_that_of_a_premium_far_ahead(
    persistency: Any, owed: Any
) -> None:
    policy = owed("P1", date(2026, 12, 1))
    persistency(["P1", "2026-12-01", "2025-12-01", "有效", "余额不足", "定期", "主险", "1000"])
    assert policy.instalments.get().failed_on is None


def test_the_insurers_word_stands_above_a_booking_by_hand(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 6, 1))
    policy.instalments.update(paid_on=TODAY)
    persistency(["P1", "2026-06-01", "2026-06-01", "有效", "", "定期", "主险", "1000"])
    assert premiums(policy) == [(date(2026, 6, 1), Decimal("1000.00"), False)]
    event = PolicyEvent.objects.order_by("pk").last()
    assert event is not None
    assert (event.source, event.was, event.now) == ("file", "paid", "owed")


def test_riders_add_up_and_the_main_line_speaks(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 6, 1))
    report = persistency(
        ["P1", "2026-06-01", "2026-06-01", "有效", "", "定期", "主险", "1000"],
        ["P1", "2026-06-01", "2026-06-01", "终止", "", "附加医疗", "附加险", "200"],
    )
    assert premiums(policy) == [(date(2026, 6, 1), Decimal("1200.00"), False)]
    policy.refresh_from_db()
    assert policy.status == "in_force"
    assert (report.rows, report.updated_policies) == (2, 1)
    assert Policy.objects.count() == 1


def test_the_status_follows_the_list(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 6, 1))
    persistency(["P1", "2026-06-01", "2026-06-01", "退保", "", "定期", "主险", "1000"])
    policy.refresh_from_db()
    assert policy.status == "surrendered"
    assert PolicyEvent.objects.filter(kind="policy", now="surrendered", source="file").exists()


def test_a_paid_premium_on_another_day_is_not_a_second_one(
    persistency: Any, renewal: Any, owed: Any
) -> None:
    policy = owed("P1", date(2026, 6, 1))
    persistency(["P1", "2026-06-03", "2027-06-03", "有效", "", "定期", "主险", "1000"])
    expected = [(date(2026, 6, 3), True), (date(2027, 6, 3), False)]
    assert [(due, paid) for due, _, paid in premiums(policy)] == expected
    persistency(["P1", "2026-06-01", "2027-06-03", "有效", "", "定期", "主险", "1000"])
    renewal(["P1", "张三", "定期", "2026-06-05", "1000"])
    assert [(due, paid) for due, _, paid in premiums(policy)] == expected


def test_a_list_that_brings_a_policy_back_says_so(persistency: Any, owed: Any) -> None:
    policy = owed("P1", date(2026, 1, 5), status="lapsed")
    persistency(["P1", "2026-01-05", "2027-01-05", "有效", "", "定期", "主险", "1000"])
    policy.refresh_from_db()
    assert (policy.status, policy.reinstated_on) == ("in_force", TODAY)
    paid = policy.instalments.get(due_on=date(2026, 1, 5))
    assert paid.state_on(TODAY) == Instalment.State.REINSTATED


def test_the_day_that_the_bank_names_stands_over_that_of_a_list(
    persistency: Any, bank: Any, owed: Any
) -> None:
    policy = owed("P1", date(2026, 6, 1))
    persistency(["P1", "2026-06-01", "2026-06-01", "有效", "余额不足", "定期", "主险", "1000"],
        today=TODAY + timedelta(days=3))  # fmt: skip
    bank(debit("P1", "余额不足"))
    assert policy.instalments.get().failed_on == TODAY


# --- several lists at once


def several(path: Path) -> Path:
    return write_xlsx(
        path,
        [RENEWAL, ["P1", "张三", "定期", date(2026, 7, 5), 1200, "", "", "", ""]],
        [PERSISTENCY, ["P1", date(2026, 7, 5), date(2026, 7, 5), "有效", "", "定期", "主险", 1300, ""]],
    )  # fmt: skip


def test_the_lists_of_a_workbook_are_told_apart(tmp_path: Path, owed: Any) -> None:
    policy = owed("P1", date(2026, 7, 1))
    path = several(tmp_path / "both.xlsx")
    assert kinds_of(path, path.name) == ["renewal", "persistency"]
    out = StringIO()
    call_command("import_book", str(path), "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["kind"] == "renewal"
    assert [one["kind"] for one in said["lists"]] == ["renewal", "persistency"]
    assert premiums(policy) == [(date(2026, 7, 5), Decimal("1300.00"), False)]
    assert list(ImportBatch.objects.order_by("pk").values_list("kind", flat=True)) == [
        "renewal", "persistency"
    ]  # fmt: skip


# --- bank returns

BANK = ["账户名", "账号", "金额", "状态描述", "回盘日期", "费用类型", "关联业务号码", "管理机构"]


def debit(number: str, words: str = "收费成功", amount: str = "1000.00") -> list[str]:
    return ["张三", "6214", amount, words, "2026-06-12", "续期保费", number, "杭州"]


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    def taken(*lines: Sequence[object], cut: int = 0, **more: Any) -> Report:
        path = write_text(tmp_path / "b.csv", [BANK, *lines])
        path.write_bytes(path.read_bytes()[: -cut or None])
        return take(path, **more)

    return taken


def test_the_command_tells_what_the_bank_answered(tmp_path: Path, owed: Any) -> None:
    for number in ("P1", "P2", "P3"):
        owed(number, date(2026, 6, 1))
    lines = [
        debit("P1"),
        debit("P2", "余额不足"),
        debit("P3", "户名不符"),
        debit("P9"),
        debit("P1"),
    ]
    out = StringIO()
    path = write_text(tmp_path / "b.csv", [BANK, *lines])
    call_command("import_book", str(path), "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["kind"], said["rows"], said["rejected"]) == ("bank", 5, [])
    assert (said["collected"], said["failed"], said["waiting"]) == (1, 2, 1)
    assert said["failures"] == {"insufficient": 1, "name_mismatch": 1}
    assert [(w["row"], w["value"], w["reason"]) for w in said["warnings"]] == [
        (5, "P9", "line_waits")
    ]
    batch = ImportBatch.objects.get()
    assert set(BankRow.objects.values_list("batch", flat=True)) == {batch.pk}
    call_command("import_book", str(path), "--json", stdout=(again := StringIO()))
    said = json.loads(again.getvalue())
    assert (said["collected"], said["failed"], said["waiting"], said["repeated"]) == (0, 0, 0, 5)


def test_a_check_of_a_return_writes_nothing(bank: Any, owed: Any) -> None:
    owed("P1", date(2026, 6, 1))
    before = everything()
    assert bank(debit("P1"), dry_run=True).counts["collected"] == 1
    assert everything() == before


@pytest.mark.parametrize(
    ("total", "cut", "code"), [("999.00", 0, "control_total"), ("2000.00", 34, "cut_off")]
)
def test_a_return_that_is_refused_leaves_nothing_behind(
    bank: Any, owed: Any, total: str, cut: int, code: str
) -> None:
    owed("P1", date(2026, 6, 1))
    before = everything()
    with pytest.raises(Refusal) as refused:
        bank(debit("P1"), debit("P2"), ["合计", "", total, *[""] * 5], cut=cut)
    assert refused.value.code == code
    assert everything() == before


# --- in whatever order they come


@pytest.mark.parametrize("order", ["rpb", "rbp", "prb", "pbr", "brp", "bpr"])
def test_any_order_of_the_lists_ends_alike(
    order: str, renewal: Any, persistency: Any, bank: Any, owed: Any
) -> None:
    paid, failed = owed("P1", date(2026, 6, 1)), owed("P2", date(2026, 6, 1))
    lists = {
        "r": lambda: renewal(
            ["P1", "张三", "定期", "2026-06-01", "1000"],
            ["P2", "张三", "定期", "2026-06-01", "1000"],
        ),
        "p": lambda: persistency(
            ["P1", "2026-06-01", "2026-06-01", "有效", "", "定期", "主险", "1000"],
            ["P2", "2026-06-01", "2026-06-01", "有效", "余额不足", "定期", "主险", "1000"],
        ),
        "b": lambda: bank(debit("P1"), debit("P2", "余额不足")),
    }
    for letter in order * 2:
        lists[letter]()
    assert premiums(paid) == [
        (date(2026, 6, 1), Decimal("1000.00"), True), (date(2027, 6, 1), Decimal("1000.00"), False)
    ]  # fmt: skip
    (open_one,) = failed.instalments.all()
    assert (open_one.paid_on, open_one.failure, open_one.failed_on) == (None, "insufficient", TODAY)
