"""What a book does to the database: exactly what it says, once."""

import itertools
import json
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, User
from clients.models import Client
from lib import dates, identity
from policies.batches import ImportBatch
from policies.importing.apply import Finding, Order, Report, take_in
from policies.importing.intake import import_file
from policies.importing.rows import AT, FIELDS, ParsedRow
from policies.models import Instalment, Insurer, Policy, Product
from policies.premiums import record_payment

pytestmark = pytest.mark.django_db
BOOKS = Path(__file__).parents[1] / "data" / "books"
NAMES = sorted(path.name.removesuffix(".answer.json") for path in BOOKS.glob("issued*.answer.json"))
TODAY = dates.today()
_numbers = itertools.count(1)
_TEXTS = (
    "proposal_no id_number email address postcode insured_name insured_id_number relation product_code "
    "product_name agent_no agent_name bank_name account branch mobile phone"
)
BLANK: dict[str, Any] = dict.fromkeys(FIELDS) | dict.fromkeys(_TEXTS.split(), "")


def person_id(serial: int, born: date = date(1980, 5, 17)) -> str:
    first = f"330106{born:%Y%m%d}{serial:03d}"
    return first + identity.check_digit(first)


ID_A, ID_B = person_id(11), person_id(22)


def row(**said: Any) -> ParsedRow:
    n = next(_numbers)
    usual = {
        "policy_no": f"P{n:08d}", "holder_name": "张三", "premium": Decimal("1000.00"),
        "premium_mode": "yearly", "effective_on": date(2021, 4, 17), "status": "in_force",
    }  # fmt: skip
    return ParsedRow(n, tuple((BLANK | usual | said).values()))


def again(known: ParsedRow, **said: Any) -> ParsedRow:
    """The same policy in a later file."""
    values = dict(zip(FIELDS, known.values, strict=True)) | said
    return ParsedRow(known.row_no, tuple(values.values()))


def book(*rows: ParsedRow, **order: Any) -> Report:
    columns = {name: name for name in FIELDS}
    usual = {"columns": columns, "today": TODAY}
    return take_in(rows, Order(Insurer.usual(), **(usual | order)), Report(rows=len(rows)))


def policy_of(parsed: ParsedRow) -> Policy:
    return Policy.objects.get(policy_no=parsed.values[AT["policy_no"]])


def answer(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BOOKS / f"{name}.answer.json").read_text())
    return found


# --- the sample books


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_book_gives_what_its_answer_says(name: str) -> None:
    said = answer(name)
    report = import_file(BOOKS / name, name, Order(Insurer.usual(), create_agents=True))
    assert report.rows == said["rows"]
    assert {f.row for f in report.rejected} == {r["row"] for r in said["must_reject"]}
    assert {(f.row, f.reason) for f in report.warnings} == {
        (r["row"], r["reason"]) for r in said["must_warn"]
    }
    assert report.created_policies == Policy.objects.count() == said["policies"]
    assert report.created_clients == Client.objects.count() == said["holders"]
    assert Policy.objects.aggregate(sum=Sum("premium"))["sum"] == Decimal(said["premium_total"])
    by_status = dict(Policy.objects.values_list("status").annotate(n=Count("pk")))
    assert by_status == said["by_status"]
    agents = User.objects.filter(role="agent").order_by("staff_no")
    assert list(agents.values_list("staff_no", flat=True)) == said["agents"]
    assert not Client.objects.filter(agent=None).exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_book_again_changes_nothing(name: str) -> None:
    first = import_file(BOOKS / name, name, Order(Insurer.usual()))
    before = (
        list(Policy.objects.order_by("pk").values()),
        list(Client.objects.order_by("pk").values()),
    )
    instalments = list(Instalment.objects.order_by("pk").values())
    report = import_file(BOOKS / name, name, Order(Insurer.usual()))
    assert report.unchanged == first.created_policies
    counts = vars(report)
    assert not any(v for name, v in counts.items() if name.startswith(("created", "updated")))
    assert before == (
        list(Policy.objects.order_by("pk").values()), list(Client.objects.order_by("pk").values())
    )  # fmt: skip
    assert instalments == list(Instalment.objects.order_by("pk").values())


def test_a_check_says_the_same_and_writes_nothing() -> None:
    path = BOOKS / NAMES[0]
    check = import_file(path, path.name, Order(Insurer.usual(), create_agents=True, dry_run=True))
    assert not (Policy.objects.exists() or Client.objects.exists() or Product.objects.exists())
    assert not (User.objects.exists() or AuditEntry.objects.exists())
    assert vars(check) == vars(
        import_file(path, path.name, Order(Insurer.usual(), create_agents=True))
    )


# --- people


@pytest.mark.parametrize(
    ("first", "second", "people"),
    [
        ({"id_number": ID_A}, {"id_number": ID_A, "holder_name": "张叁"}, 1),
        ({"id_number": ID_A, "mobile": "1"}, {"id_number": ID_B, "mobile": "1"}, 2),
        ({"id_number": ID_A, "birth_on": date(1980, 5, 17)}, {"birth_on": date(1980, 5, 17)}, 1),
        ({"birth_on": date(1980, 5, 17)}, {"birth_on": date(1980, 5, 17)}, 1),
        ({"birth_on": date(1980, 5, 17)}, {"birth_on": date(1980, 5, 18)}, 2),
        ({"birth_on": date(1980, 5, 17), "mobile": "1"}, {"mobile": "1"}, 1),
        ({"mobile": "1"}, {"mobile": "1"}, 1),
        ({"mobile": "1"}, {"mobile": "2"}, 2),
        ({"agent_no": "A9"}, {"agent_no": "A9"}, 1),
        ({}, {}, 2),
    ],
)
def test_who_is_one_person(first: dict[str, Any], second: dict[str, Any], people: int) -> None:
    assert book(row(**first), row(**second)).created_clients == people


@pytest.mark.parametrize("turned", [False, True])
def test_the_same_holds_between_two_files(turned: bool) -> None:
    born = date(1980, 5, 17)
    rows = [row(id_number=ID_A, birth_on=born), row(birth_on=born)]
    for each in reversed(rows) if turned else rows:
        book(each)
    assert Client.objects.get().id_number == ID_A


FACTS = st.fixed_dictionaries(
    {
        "id_number": st.sampled_from(["", "", ID_A, ID_B]),
        "birth_on": st.sampled_from([None, date(1980, 5, 17), date(1981, 1, 1)]),
        "mobile": st.sampled_from(["", "13800000001", "13800000002"]),
        "holder_name": st.sampled_from(["张三", "李四"]),
    }
)


def by_hand(people: list[dict[str, Any]]) -> int:
    """The rules of matching.py again, row by row, in the slowest way."""
    named: dict[int, object] = {}

    def only(found: Iterable[object]) -> object:
        each = set(found)
        return each.pop() if len(each) == 1 else None

    for n, p in enumerate(people):
        if p["id_number"]:
            named[n] = p["id_number"]
    for n, p in enumerate(people):
        if n in named or not p["birth_on"]:
            continue
        same = [
            q for q in people
            if q["id_number"] and (q["holder_name"], q["birth_on"]) == (p["holder_name"], p["birth_on"])
        ]  # fmt: skip
        named[n] = (
            only(q["id_number"] for q in same)
            or only(q["id_number"] for q in same if p["mobile"] and q["mobile"] == p["mobile"])
            or (p["holder_name"], p["birth_on"])
        )
    sure = dict(named)
    for n, p in enumerate(people):
        if n not in named and p["mobile"]:
            key = (p["holder_name"], p["mobile"])
            same_mobile = (
                sure[m] for m in sure if (people[m]["holder_name"], people[m]["mobile"]) == key
            )
            named[n] = only(same_mobile) or key
    return len({named.get(n, n) for n in range(len(people))})


@given(people=st.lists(FACTS, max_size=7))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_matching_in_sql_agrees_with_matching_by_hand(people: list[dict[str, Any]]) -> None:
    Policy.objects.all().delete()
    Client.objects.all().delete()
    rows = [row(**person) for person in people]
    assert book(*rows).created_clients == by_hand(people) == Client.objects.count()
    assert book(*rows).unchanged == len(rows)


# --- policies and premiums


def test_a_blank_cell_leaves_what_is_known() -> None:
    known = row(
        id_number=ID_A, mobile="13800000001", account="6222020000001234567", sum_assured=Decimal(9)
    )
    book(known)
    report = book(again(known, mobile="", account="", sum_assured=None, id_number="", premium=None,
                        birth_on=None))  # fmt: skip
    assert (report.unchanged, report.updated_clients) == (1, 0)
    policy = policy_of(known)
    assert (policy.account, policy.premium, policy.holder.mobile) == (
        "6222020000001234567", Decimal(1000), "13800000001",
    )  # fmt: skip


def test_a_changed_account_is_a_change_though_both_are_encrypted() -> None:
    known = row(account="6222020000001234567")
    book(known)
    assert book(again(known, account="6222020000007654321")).updated_policies == 1
    policy = policy_of(known)
    assert (policy.account, policy.version) == ("6222020000007654321", 2)


def test_a_policy_with_a_due_date_has_an_instalment_and_a_day_of_lapse() -> None:
    parsed = row(next_due_on=date(2026, 4, 17))
    book(parsed)
    owed = Instalment.objects.get()
    assert (owed.due_on, owed.grace_ends_on, owed.amount) == (
        date(2026, 4, 17), date(2026, 6, 16), Decimal(1000),
    )  # fmt: skip
    assert policy_of(parsed).lapses_on == date(2026, 6, 17)


@pytest.mark.parametrize("said", [{"premium_mode": "single"}, {"status": "surrendered"}])
def test_where_nothing_is_due_there_is_no_instalment(said: dict[str, Any]) -> None:
    book(row(next_due_on=date(2026, 4, 17), **said))
    assert not Instalment.objects.exists()


def test_a_later_file_that_waits_for_the_next_premium_pays_the_earlier_one() -> None:
    known = row(next_due_on=date(2026, 4, 17))
    book(known)
    book(again(known, next_due_on=date(2027, 4, 17)))
    paid, owed = Instalment.objects.all()
    # When is not said, so that nobody is taken to have paid late.
    assert (paid.paid_on, owed.paid_on) == (min(TODAY, paid.grace_ends_on), None)
    assert policy_of(known).lapses_on == date(2027, 6, 17)


def test_a_due_date_some_days_later_is_the_same_premium() -> None:
    known = row(next_due_on=date(2026, 4, 17))
    book(known)
    book(again(known, next_due_on=date(2026, 4, 20)))
    owed = Instalment.objects.get()
    assert (owed.due_on, owed.paid_on) == (date(2026, 4, 20), None)
    assert policy_of(known).lapses_on == owed.grace_ends_on + timedelta(days=1)


def test_a_book_drawn_before_a_payment_by_hand_does_not_open_it_again(bob: Any) -> None:
    known = row(next_due_on=date(2026, 4, 17))
    book(known)
    record_payment(Instalment.objects.get(), on=date(2026, 5, 2), by=bob)
    book(known)
    assert policy_of(known).next_due_on == date(2027, 4, 17)
    assert Instalment.objects.owed().get().due_on == date(2027, 4, 17)


def test_a_book_without_due_dates_counts_them_from_the_effective_date() -> None:
    columns = {name: name for name in FIELDS if name != "next_due_on"}
    parsed = row(pay_years=90)
    book(parsed, columns=columns)
    due_on = policy_of(parsed).next_due_on
    assert due_on == dates.next_due_date(date(2021, 4, 17), 12, TODAY)
    assert Instalment.objects.get().due_on == due_on


def test_endowments_mature_and_yearly_contracts_end() -> None:
    kinds = {"kind": "endowment", "product_name": "两全", "cover_years": 10}
    endowment, medical = row(**kinds), row(kind="medical", product_name="医疗", cover_years=1)
    book(endowment, medical)
    assert policy_of(endowment).matures_on == date(2031, 4, 16)
    until = policy_of(medical).covers_until
    assert until and TODAY <= until < TODAY + timedelta(days=366)
    assert (until.month, until.day) == (4, 16)


def test_a_kind_corrected_by_hand_stands() -> None:
    product = Product.objects.create(insurer=Insurer.usual(), name="安心", kind="annuity")
    parsed = row(product_name="安心", kind="term", matures_on=date(2040, 1, 1))
    book(parsed)
    assert (policy_of(parsed).product, policy_of(parsed).matures_on) == (product, date(2040, 1, 1))


def test_a_policy_twice_in_a_file_is_taken_as_its_last_row_says() -> None:
    first = row(premium=Decimal(1))
    last = ParsedRow(first.row_no + 1, again(first, premium=Decimal(2)).values)
    report = book(first, last)
    assert policy_of(first).premium == 2
    assert [(f.row, f.reason) for f in report.warnings] == [
        (first.row_no, "policy_number_repeated")
    ]


# --- agents


def test_an_unknown_agent_leaves_the_policy_to_the_orphan_pool() -> None:
    parsed = row(agent_no="X7", agent_name="钱七")
    report = book(parsed)
    assert report.warnings == [
        Finding(parsed.row_no, "agent_no", "X7", "agent_unknown", parsed.values[0], "张三")
    ]
    assert policy_of(parsed).agent is None
    assert policy_of(parsed).holder.agent is None


def test_the_agents_account_is_made_without_a_login() -> None:
    parsed = row(agent_no="X7", agent_name="钱七")
    assert book(parsed, create_agents=True).warnings == []
    agent = User.objects.get(staff_no="X7")
    assert (agent.name, agent.role, agent.has_usable_password()) == ("钱七", "agent", False)
    assert policy_of(parsed).holder.agent == agent


def test_a_client_belongs_to_the_agent_of_the_latest_policy(alice: Any, carol: Any) -> None:
    book(
        row(id_number=ID_A, agent_no="A1", effective_on=date(2020, 1, 1)),
        row(id_number=ID_A, agent_no="A2", effective_on=date(2022, 1, 1)),
        row(id_number=ID_A, effective_on=date(2024, 1, 1)),
    )
    assert Client.objects.get().agent == carol


def test_a_handover_in_the_office_stands_until_the_insurer_moves_the_policy(
    alice: Any, carol: Any
) -> None:
    known = row(id_number=ID_A, agent_no="A1")
    book(known)
    Client.objects.update(agent=carol)
    book(again(known, premium=Decimal(7)))
    assert Client.objects.get().agent == carol
    book(again(known, agent_no="A2"))
    book(again(known, agent_no="A1"))
    assert Client.objects.get().agent == alice


# --- all or nothing, and who did it


def test_an_import_that_breaks_off_leaves_nothing(monkeypatch: Any) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("policies.importing.apply._record", broken)
    with pytest.raises(RuntimeError):
        book(row())
    assert not (Policy.objects.exists() or Client.objects.exists())


def test_who_imported_is_recorded_without_names(admin: Any) -> None:
    book(row(id_number=ID_A), by=admin)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.detail["counts"]["created_policies"]) == (
        admin,
        "import",
        1,
    )
    assert "张三" not in str(entry.detail)


def test_the_command_prints_one_object_and_leaves_the_lists_to_be_written() -> None:
    out = StringIO()
    call_command("import_book", str(BOOKS / NAMES[0]), "--json", stdout=out)
    printed = json.loads(out.getvalue())
    assert set(printed) == {
        "kind", "rows", "created_clients", "updated_clients", "created_policies", "updated_policies",
        "unchanged", "rejected", "warnings",
    }  # fmt: skip
    assert set(printed["warnings"][0]) == {"row", "column", "value", "reason"}
    assert ImportBatch.objects.not_listed().count() == 1


def test_the_command_fails_with_2_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path / "empty.csv"):
        if path.stem == "empty":
            path.write_bytes(b"")
        with pytest.raises(CommandError) as error:
            call_command("import_book", str(path))
        assert error.value.returncode == 2


def test_a_book_that_names_accounts_says_who_may_be_debited() -> None:
    filled, blank = row(policy_no="A1", account="6222000011112222"), row(policy_no="A2")
    book(filled, blank)
    found = dict(Policy.objects.values_list("policy_no", "authorisation"))
    assert found == {"A1": "signed", "A2": "missing"}
    assert book(filled, blank).unchanged == 2
    book(again(blank, account="6222000011113333"))
    assert policy_of(blank).authorisation == "signed"


def test_what_was_said_of_an_authorisation_outlasts_the_book() -> None:
    faulty = row(policy_no="A1", account="6222000011112222")
    book(faulty)
    Policy.objects.update(authorisation="missing")
    book(faulty)
    assert policy_of(faulty).authorisation == "missing"


def test_a_book_without_accounts_says_nothing_of_authorisations() -> None:
    plain = row(policy_no="A1")
    book(plain)
    assert policy_of(plain).authorisation == ""


def test_when_an_id_expires_is_read_and_an_empty_cell_changes_nothing() -> None:
    known = row(id_number=ID_A, id_valid_to=date(2027, 3, 1))
    book(known)
    client = policy_of(known).holder
    assert client.id_valid_to == date(2027, 3, 1)
    assert book(again(known, id_valid_to=None)).updated_clients == 0
    assert book(again(known, id_valid_to=date(2037, 3, 1))).updated_clients == 1
    client.refresh_from_db()
    assert client.id_valid_to == date(2037, 3, 1)
