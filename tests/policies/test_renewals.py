"""The board against brute force: every number is what its list adds up to."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Role, Team, User
from clients.models import Client
from lib import dates
from policies.models import BoardPremium, Instalment, Insurer, Policy, Product
from policies.renewal_views import BoardForm
from policies.renewals import CELLS, COLUMNS, ROWS, STAGES, Board, in_cell, in_stage, pipeline
from policies.rhythm import number_of

TODAY = date(2026, 6, 12)
JUNE = date(2026, 6, 1)
pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Book:
    instalments: list[Instalment]
    alice: User
    carol: User
    dora: User


@pytest.fixture(scope="module")
def kept_book(django_db_setup: None, django_db_blocker: Any) -> Iterator[Book]:
    """Made once; what a test changes in it is taken back with the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield a_book()
        transaction.set_rollback(True)


@pytest.fixture
def book(kept_book: Book) -> list[Instalment]:
    return kept_book.instalments


@pytest.fixture
def alice(kept_book: Book) -> User:
    return kept_book.alice


@pytest.fixture
def carol(kept_book: Book) -> User:
    return kept_book.carol


@pytest.fixture
def dora(kept_book: Book) -> User:
    return kept_book.dora


def a_book() -> Book:
    """Ten thousand premiums of every mode, age, state and status, of two agents and of nobody."""
    branch = Team.objects.create(name="省分公司", kind="branch")
    teams = [Team.objects.create(name=f"{n} 部", parent=branch) for n in "东西"]
    alice, carol = (
        User.objects.create(staff_no=f"R{n}", name="林晓芸", role=Role.AGENT, team=team)
        for n, team in enumerate(teams)
    )
    dora = User.objects.create(staff_no="R9", name="冯思远", role=Role.MANAGER, team=branch)
    rng = random.Random(20260612)
    insurer = Insurer.usual()
    holders = [Client.objects.create(name="陈志远", agent=agent) for agent in (alice, carol, None)]
    policies, instalments = [], []
    for n in range(10_000):
        effective_on = TODAY - timedelta(days=rng.randrange(1, 2500))
        policy = Policy(
            insurer=insurer,
            policy_no=f"R{n:06d}",
            holder=rng.choice(holders),
            premium=Decimal(rng.randrange(100, 90_000)),
            premium_mode=rng.choice(Policy.Mode.values),
            effective_on=None if rng.random() < 0.02 else effective_on,
            status=rng.choice(["in_force"] * 8 + ["lapsed", "surrendered", "paid_up", "matured"]),
        )
        due_on = TODAY + timedelta(days=rng.randrange(-130, 130))
        if policy.effective_on and rng.random() < 0.9:
            months = policy.months_between or 12
            due_on = dates.add_months(effective_on, months * rng.randrange(1, 8))
        instalment = Instalment(
            policy=policy,
            due_on=due_on,
            grace_ends_on=due_on + timedelta(days=rng.choice([60, 60, 60, 30, 75])),
            amount=policy.premium,
        )
        fate = rng.random()
        if fate < 0.3:
            instalment.paid_on = due_on + timedelta(days=rng.randrange(80))
        elif fate < 0.35:
            instalment.closed_on, instalment.closed_as = due_on, rng.choice(["waived", "loan"])
        if instalment.is_owed:
            policy.next_due_on = due_on
            policy.lapses_on = instalment.grace_ends_on + timedelta(days=1)
            policy.reinstate_by = dates.add_years(instalment.grace_ends_on, 2)
        policies.append(policy)
        instalments.append(instalment)
    Policy.objects.bulk_create(policies, batch_size=2000)
    Instalment.objects.bulk_create(instalments, batch_size=2000)
    with connection.cursor() as cursor:  # what is not committed nobody else looks at
        cursor.execute("ANALYZE clients_client, policies_policy, policies_instalment")
    return Book(instalments, alice, carol, dora)


def cell_of(instalment: Instalment, month: date) -> str | None:
    """Where a premium stands in the grid, told slowly."""
    policy, ends = instalment.policy, dates.month_end(month)
    if instalment.due_on > ends or instalment.grace_ends_on < month:
        return None
    if not (instalment.paid_on or (instalment.is_owed and policy.status in Policy.ALIVE)):
        return None
    number = number_of(policy, instalment.due_on)
    if number == 1:
        return None
    in_grace = "last" if instalment.grace_ends_on <= ends else "next"
    column = "due" if instalment.due_on >= month else in_grace
    return f"{column}.{'0' if number is None else min(number, 4)}"


def stage_of(instalment: Instalment, day: date) -> str | None:
    policy = instalment.policy
    if not instalment.is_owed or policy.status not in {"in_force", "lapsed"}:
        return None
    if policy.lapses_on and policy.lapses_on <= day:
        in_time = policy.reinstate_by and policy.reinstate_by >= day and instalment.due_on <= day
        return "lapsed" if in_time else None
    if policy.status == "lapsed":
        return None
    days = (instalment.due_on - day).days
    if days < 0:
        return "grace"
    return "week" if days <= 7 else "month" if days <= 30 else "quarter" if days <= 90 else None


@pytest.mark.parametrize("month", [JUNE, date(2026, 3, 1), date(2026, 2, 1), date(2027, 1, 1)])
def test_the_nine_grid_is_what_brute_force_counts(month: date, book: list[Instalment]) -> None:
    wanted: dict[str, list[Instalment]] = defaultdict(list)
    for instalment in book:
        if code := cell_of(instalment, month):
            wanted[code].append(instalment)
    grid = Board.of(BoardPremium.objects.all(), TODAY, month).grid
    for row in ROWS:
        for column in COLUMNS:
            cell, found = grid.cell(row, column), wanted[f"{column}.{row}"]
            paid = [each.amount for each in found if each.paid_on]
            assert (cell.count, cell.amount) == (len(found), sum(each.amount for each in found))
            assert (cell.collected, cell.collected_amount) == (len(paid), sum(paid))


def test_every_cell_opens_a_list_of_its_own_sum(book: list[Instalment], alice: Any) -> None:
    mine = Instalment.objects.visible_to(alice)
    grid = Board.of(BoardPremium.objects.visible_to(alice), TODAY, JUNE).grid
    cells = {cell.code: cell for _label, row in grid.rows for cell in row}
    cells |= {total.code: total for total in grid.totals}
    for code in CELLS:
        amounts = list(in_cell(mine, code, JUNE).values_list("amount", flat=True))
        cell = cells.get(code)
        assert (len(amounts), sum(amounts)) == ((cell.count, cell.amount) if cell else (0, 0))
    assert sum(total.count for total in grid.totals) > 0


def test_every_stage_opens_a_list_of_its_own_sum(book: list[Instalment], carol: Any) -> None:
    hers = Instalment.objects.visible_to(carol)
    for stage in pipeline(hers, TODAY):
        amounts = list(in_stage(hers, stage.code, TODAY).values_list("amount", flat=True))
        assert (stage.count, stage.amount) == (len(amounts), sum(amounts))
        assert stage.count


def test_for_any_filter_a_number_is_the_sum_of_its_list(
    book: list[Instalment], alice: Any, carol: Any, dora: Any
) -> None:
    rng = random.Random(7)
    sold = Product.objects.create(insurer=Insurer.usual(), name="sold")
    Policy.objects.filter(policy_no__endswith="1").update(product=sold)
    filters = {
        "agent": ["", alice.pk, carol.pk],
        "team": ["", alice.team_id, carol.team.parent_id],
        "product": ["", sold.pk],
        "mode": ["", *Policy.Mode.values],
        "month": ["2026-06", "2026-05", "2026-08"],
    }
    counted = 0
    for _n in range(30):
        asked = {name: rng.choice(values) for name, values in filters.items()}
        place = rng.choice([{"stage": rng.choice(list(STAGES))}, {"cell": rng.choice(CELLS)}])
        user = rng.choice([alice, dora])
        form = BoardForm(asked | place, user=user)
        board = Board.of(
            form.narrow(BoardPremium.objects.added_up_for(user)), TODAY, form.month_shown
        )
        squares = (*board.grid.totals, *board.grid.cells.values())
        numbers = {each.code: (each.count, each.amount) for each in (*board.stages, *squares)}
        picked = form.picked(form.narrow(Instalment.objects.listed_for(user)), TODAY)
        assert tuple(picked.sums().values()) == numbers.get(picked.code, (0, 0)), (asked, place)
        counted += picked.sums()["n"]
    assert counted


def test_the_pipeline_is_what_brute_force_counts(book: list[Instalment]) -> None:
    wanted: dict[str | None, list[Decimal]] = defaultdict(list)
    for instalment in book:
        wanted[stage_of(instalment, TODAY)].append(instalment.amount)
    stages = pipeline(Instalment.objects.all(), TODAY)
    for stage in stages:
        assert (stage.count, stage.amount) == (len(wanted[stage.code]), sum(wanted[stage.code]))
    assert Board.of(BoardPremium.objects.all(), TODAY, JUNE).stages == stages
    assert set(STAGES) < set(wanted)


def test_the_second_premium_is_numbered_as_on_the_policys_line(
    make_policy: Any, make_instalment: Any
) -> None:
    policy = make_policy(effective_on=date(2025, 6, 30), premium_mode="monthly")
    instalment = make_instalment(policy, due_on=date(2026, 6, 30))
    assert number_of(policy, instalment.due_on) == 13
    own = BoardPremium.objects.filter(policy=policy)
    assert Board.of(own, TODAY, JUNE).grid.cell("4", "due").count == 1
