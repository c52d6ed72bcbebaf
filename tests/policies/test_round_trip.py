"""The policy book that goes out and comes in again is itself."""

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import translation

from accounts.models import User
from clients.models import Client
from crm import demo
from followups.exported import LISTINGS
from lib import dates, tables
from policies.bank import BankRow
from policies.exported import POLICIES
from policies.importing.apply import Order, Report
from policies.importing.direct import import_path
from policies.importing.intake import import_file
from policies.importing.problems import Refusal
from policies.lifecycle import PolicyEvent
from policies.models import Instalment, Insurer, Policy
from policies.records import Record
from tests.policies.test_import_apply import BOOKS, NAMES

pytestmark = pytest.mark.django_db


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in (Policy, Client, Instalment)]


def brought(path: Path) -> Report:
    return import_file(path, path.name, Order(Insurer.usual(), create_agents=True))


def written(path: Path, admin: Any, *, whole: bool = True) -> Path:
    rows = POLICIES.rows(admin, QueryDict())
    headings = [str(column.heading) for column in POLICIES.columns]
    cells = POLICIES.cells(rows, whole=whole)
    if path.suffix == ".xlsx":
        tables.write_xlsx(path, headings, cells)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            tables.write_csv(file, headings, cells)
    return path


@pytest.mark.parametrize(
    ("name", "language", "form"),
    [(NAMES[0], "zh-hans", "csv"), (NAMES[1], "en", "xlsx")],
)
def test_a_book_out_and_in_again_changes_nothing(
    name: str, language: str, form: str, tmp_path: Path, admin: Any
) -> None:
    brought(BOOKS / name)
    before = everything()
    with translation.override(language):
        report = brought(written(tmp_path / f"out.{form}", admin))
    assert (report.created_policies, report.created_clients, report.rejected) == (0, 0, [])
    assert (report.updated_policies, report.updated_clients) == (0, 0)
    assert everything() == before


def test_a_masked_book_changes_nothing_either(tmp_path: Path, admin: Any) -> None:
    brought(BOOKS / NAMES[0])
    before = everything()
    report = brought(written(tmp_path / "out.csv", admin, whole=False))
    assert report.updated_policies == report.updated_clients == report.created_clients == 0
    assert everything() == before
    assert {finding.reason for finding in report.warnings} >= {"number_masked"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_word_is_known_again(
    language: str, tmp_path: Path, admin: Any, make_client: Any, make_policy: Any
) -> None:
    """Whatever stands in a policy: each status, mode and gender, and texts that look like formulas."""
    words = product(Policy.Status.values, Policy.Mode.values)
    for n, (status, mode) in enumerate(words):
        holder = make_client(
            agent=None, name=f"䶮𠮷{n}", gender=("", "f", "m")[n % 3], birth_on=date(1980, 2, 29),
            address="=HYPERLINK(1)", mobile="", phone="0571-88001234", postcode="010010",
        )  # fmt: skip
        make_policy(
            holder, policy_no=f"00{n}", status=status, premium_mode=mode, kind="critical_illness",
            relation="@本人", insured_name="-张", bank_name="+银行",
        )  # fmt: skip
    before = everything()
    with translation.override(language):
        report = brought(written(tmp_path / "out.csv", admin))
    assert report.rejected == []
    assert report.updated_policies == report.updated_clients == 0, report.differences
    assert everything() == before


def test_no_list_of_ours_changes_anything_when_it_comes_in(tmp_path: Path) -> None:
    """Whatever a page gives as a file is refused, asked about, or known already."""
    demo.load(clients=20, seed=2, today=dates.today())
    desk = User.objects.get(staff_no="ADMIN")
    before, taken = everything_of_the_office(), set()
    for listing in LISTINGS.values():
        for language in ("zh-hans", "en"):
            path = tmp_path / f"{listing.code}.csv"
            with translation.override(language):
                headings = [str(column.heading) for column in listing.columns]
                rows = listing.cells(listing.rows(desk, QueryDict()), whole=True)
                with path.open("w", encoding="utf-8", newline="") as file:
                    tables.write_csv(file, headings, rows)
            try:
                list(import_path(path, path.name, Order(Insurer.usual())))
            except Refusal:
                continue
            taken.add(listing.code)
            assert everything_of_the_office() == before, (listing.code, language)
    assert taken >= {"policies"}


def everything_of_the_office() -> list[list[dict[str, Any]]]:
    rows = [list(model.objects.order_by("pk").values()) for model in (Record, BankRow, PolicyEvent)]
    return [*everything(), *rows]
