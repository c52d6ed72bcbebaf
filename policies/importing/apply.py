"""A list into the database: stage, match, compare, write. A check is the same without the writing."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pkgutil import resolve_name
from typing import Any, NamedTuple, Protocol

from django.db import connection, transaction

from accounts.models import AuditEntry, Role, User
from lib import dates
from policies import bank, changes
from policies.bank import Branch
from policies.importing import differing, listing, matching, modes, staging, writing
from policies.importing.differing import Difference
from policies.importing.layout import Layout
from policies.importing.layouts import ISSUED
from policies.importing.problems import Note
from policies.importing.rows import ParsedRow
from policies.importing.staging import Stage
from policies.lifecycle import PolicyEvent, because
from policies.models import Insurer, Product

IMPORTING = 0x424F4F4B  # key of the advisory lock: one book at a time is compared and written
LONGEST_STAFF_NO = 30
TOLD = 5_000  # rows between two words of how many are read
_SERVED = """
UPDATE import_row r SET agent_no = o.value FROM jsonb_each_text(%s::jsonb) o WHERE r.agent_no = o.key
"""


class Finding(NamedTuple):
    """What is wrong in one cell, in the words of the file."""

    row: int
    column: str
    value: str
    reason: str
    policy_no: str = ""
    holder: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "column": self.column, "value": self.value, "reason": self.reason}


@dataclass
class Report:
    """What became of a list. `counts` holds what only its kind counts: whole numbers, or tallies."""

    kind: str = ISSUED.code
    rows: int = 0
    created_clients: int = 0
    updated_clients: int = 0
    created_policies: int = 0
    updated_policies: int = 0
    unchanged: int = 0
    rejected: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, list[int]] = field(default_factory=dict)  # rows made and changed, by subject
    notes: list[Note] = field(default_factory=list)  # of the file beside its rows
    unknown_agents: list[str] = field(default_factory=list)  # numbers that nobody has
    differences: int = 0  # known clients, policies … that change, as a check tells them

    def as_json(self) -> dict[str, Any]:
        said = {
            name: value
            for name, value in vars(self).items()
            if name not in {"counts", "changes", "differences", "notes", "unknown_agents"}
        }
        return (
            said
            | self.counts
            | {
                "rejected": [finding.as_json() for finding in self.rejected],
                "warnings": [finding.as_json() for finding in self.warnings],
            }
        )

    @property
    def numbers(self) -> dict[str, Any]:
        """Everything that is counted."""
        whole = {name: value for name, value in vars(self).items() if isinstance(value, int)}
        return whole | self.counts

    @property
    def noticed(self) -> list[Note]:
        return [note for note in self.notes if note.kind in ("", self.kind)]

    @property
    def rejected_rows(self) -> int:
        return len({finding.row for finding in self.rejected})

    @property
    def warned_rows(self) -> int:
        return len({finding.row for finding in self.warnings})


@dataclass(frozen=True)
class Order:
    """What to do with a list, and for whom."""

    insurer: Insurer
    by: User | None = None
    create_agents: bool = False
    owners: dict[str, str] = field(default_factory=dict)  # who serves instead, by staff number
    dry_run: bool = False
    mode: str = "take"  # one of `modes`
    name: str = ""
    batch: int | None = None
    columns: dict[str, str] = field(default_factory=dict)  # field: the file's heading
    today: date = field(default_factory=dates.today)

    def heading(self, name: str) -> str:
        return self.columns.get(name, name)

    def finding(  # noqa: PLR0917
        self, row: int, field: str, value: str, reason: str, policy_no: str = "", holder: str = ""
    ) -> Finding:
        return Finding(row, self.heading(field), value, reason, policy_no, holder)


class Taker(Protocol):
    """What the steps of a list have in common."""

    def fill(self, rows: Iterable[ParsedRow]) -> Iterator[int]:
        """Stage the rows; yield after each batch how many there are."""

    def write(self, order: Order, report: Report) -> None:
        """Take in what is staged, and count it."""

    def differences(self) -> Iterator[Difference]:
        """What is known and changes, told before it is taken back."""

    def drop(self) -> None:
        """Forget what was staged."""


def take_in(
    rows: Iterable[ParsedRow],
    order: Order,
    report: Report,
    *,
    layout: Layout = ISSUED,
    progress: Callable[[int], object] = lambda rows: None,
    begin: Callable[[], int | None] = lambda: None,
    finish: Callable[[Report], object] = lambda report: None,
    differ: Callable[[Iterator[Difference]], int] = lambda differences: 0,
) -> Report:
    """Write what the rows bring, all or nothing, and complete the report.

    `progress` hears how many rows are read; `begin` and `finish` run in the transaction of the
    writing, `finish` only when something may be written. `begin` may answer the batch of the
    ledger, where the order names none.
    """
    report.kind = layout.code
    taker: Taker = _Book(order) if layout is ISSUED else _List(layout)
    try:
        _stage(taker, rows, progress)
        with transaction.atomic():
            wait_for_others()
            order = replace(order, batch=begin() or order.batch)
            with changes.noted():
                with because(
                    PolicyEvent.Source.FILE, on=order.today, by=order.by, batch=order.batch
                ):
                    taker.write(order, report)
                if layout.code != "bank" and not order.dry_run:
                    bank.look_again(order)
            if order.dry_run:
                report.differences = differ(taker.differences())
                transaction.set_rollback(True)
            else:
                if order.batch:
                    report.changes = changes.keep(order.batch)
                _record(order, report)
                finish(report)
    finally:
        if not connection.needs_rollback:  # else the tables go with their transaction
            taker.drop()
    return report


def _stage(taker: Taker, rows: Iterable[ParsedRow], progress: Callable[[int], object]) -> None:
    """Stage the rows, and say now and then how many there are; at the end in any case."""
    read = 0
    with _without_searching_for_cycles():
        for read in taker.fill(rows):
            if read % TOLD == 0:
                progress(read)
    if read % TOLD:
        progress(read)


@contextmanager
def _without_searching_for_cycles() -> Iterator[None]:
    """Rows have none, and the search costs a fifth of the staging."""
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if usual:
            gc.enable()


def wait_for_others() -> None:
    """Write when no list is being written any more, however long that takes."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORTING])


class _List:
    """A list that has one function to write it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.stage = listing.Stage(layout)

    def fill(self, rows: Iterable[ParsedRow]) -> Iterator[int]:
        return self.stage.fill(rows)

    def write(self, order: Order, report: Report) -> None:
        resolve_name(self.layout.write)(order, report)

    def differences(self) -> Iterator[Difference]:
        return differing.of_list(self.layout.table)

    def drop(self) -> None:
        self.stage.drop()


class _Book:
    """The policy book: new people and policies, too."""

    def __init__(self, order: Order) -> None:
        self.stage = Stage(order.today, _known_kinds(order.insurer), guess_due=_guesses(order))

    def fill(self, rows: Iterable[ParsedRow]) -> Iterator[int]:
        return self.stage.fill(rows)

    def write(self, order: Order, report: Report) -> None:
        _report_repeated(order, report)
        _settle_agents(self.stage, order, report)
        _settle_products(self.stage, order)
        skipped = modes.prepare_rows(order)
        matching.find_people(order.insurer.pk)
        for name, count in writing.compare(order.insurer.pk, order.mode).items():
            setattr(report, name, count)
        if skipped:
            report.counts = {"skipped": skipped}
        if not order.dry_run:
            writing.write(order.insurer.pk, order.today)
            Branch.learn(order.insurer.pk, self.stage.branches, order.heading("branch"))

    def differences(self) -> Iterator[Difference]:
        return differing.of_book()

    def drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(staging.DROP)


def _report_repeated(order: Order, report: Report) -> None:
    heading = order.heading("policy_no")
    report.warnings += [
        Finding(row, heading, policy_no, "policy_number_repeated", policy_no, holder)
        for row, policy_no, holder in matching.drop_repeated()
    ]


def _settle_agents(stage: Stage, order: Order, report: Report) -> None:
    """Let those who were named serve for unknown agents, or make accounts; else warn of each row."""
    numbers = list(stage.agents)
    known = set(User.objects.filter(staff_no__in=numbers).values_list("staff_no", flat=True))
    unknown = [number for number in numbers if number not in known]
    unknown = _without_those_served(unknown, order.owners)
    if order.create_agents:
        User.objects.bulk_create(
            _without_login(number, stage.agents[number])
            for number in unknown
            if len(number) <= LONGEST_STAFF_NO
        )
        unknown = [number for number in unknown if len(number) > LONGEST_STAFF_NO]
    report.unknown_agents = unknown
    heading = order.heading("agent_no")
    report.warnings += [
        Finding(row, heading, number, "agent_unknown", policy_no, holder)
        for row, number, policy_no, holder in _rows_of(unknown)
    ]


def _without_those_served(unknown: list[str], owners: dict[str, str]) -> list[str]:
    """Write those who serve instead into the rows; return the numbers for which there is nobody."""
    active = User.objects.filter(is_active=True, staff_no__in=list(owners.values()))
    there = set(active.values_list("staff_no", flat=True))
    served = {number: owners[number] for number in unknown if owners.get(number) in there}
    if served:
        with connection.cursor() as cursor:
            cursor.execute(_SERVED, [json.dumps(served)])
    return [number for number in unknown if number not in served]


def _without_login(staff_no: str, name: str) -> User:
    agent = User(staff_no=staff_no, name=(name or staff_no)[:60], role=Role.AGENT)
    agent.set_unusable_password()
    return agent


def _rows_of(agents: list[str]) -> list[tuple[int, str, str, str]]:
    if not agents:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row, agent_no, policy_no, name FROM import_row "
            "WHERE agent_no = ANY(%s) ORDER BY n",
            [agents],
        )
        return list(cursor.fetchall())


def _settle_products(stage: Stage, order: Order) -> None:
    Product.objects.bulk_create(
        (
            Product(insurer=order.insurer, name=name, kind=kind)
            for name, kind in stage.products.items()
            if name not in stage.known_kinds
        ),
        ignore_conflicts=True,
    )


def _known_kinds(insurer: Insurer) -> dict[str, str]:
    return dict(Product.objects.filter(insurer=insurer).values_list("name", "kind"))


def _guesses(order: Order) -> bool:
    """Whether due dates must be counted, since the book has no column for them."""
    return bool(order.columns) and "next_due_on" not in order.columns


def _record(order: Order, report: Report) -> None:
    reasons = Counter(finding.reason for finding in (*report.rejected, *report.warnings))
    told = {"owners": order.owners} if order.owners else {}
    AuditEntry.record(
        order.by, AuditEntry.Action.IMPORT, f"insurer {order.insurer.pk}",
        kind=report.kind, counts=report.numbers, reasons=dict(reasons), **told,
    )  # fmt: skip
