"""Every page as it is met: readable by everybody, nothing sticking out, light to load."""

import gzip
from itertools import product
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from clients.models import Client, Duplicate
from followups.models import DayLog, FollowUp
from policies.batches import ImportBatch
from policies.models import Policy
from tests.journeys.conftest import DESKTOP, PHONE, barriers, sideways

MAIN = ("today", "task", "client", "team", "renewals", "persistency")
SIZES = {"phone": PHONE, "desktop": DESKTOP}
LOOKS = {("zh-hans", "light"), ("en", "dark")}


def two_records() -> Duplicate:
    one, other = Client.objects.filter(agent__staff_no="A1001").order_by("pk")[:2]
    found = {"why": ["name", "ids"], "score": 3, "found_at": timezone.now()}
    return Duplicate.objects.get_or_create(one=one, other=other, defaults=found)[0]


def addresses(office: Any) -> dict[str, tuple[str, str]]:
    """Whom each page is for, and where it lies."""
    tasks = FollowUp.objects.open().on(office.today).filter(client__agent__staff_no="A1001")
    task = tasks.filter(series="premium").first() or tasks.first()
    policy = Policy.objects.filter(holder__agent__staff_no="A1001", next_due_on__isnull=False)[0]
    desk = Policy.objects.recoverable(office.today).filter(reinstatements__isnull=False)[0]
    batch = ImportBatch.objects.filter(kind="bank")[0]
    handed_in = DayLog.objects.to_review()[0]
    return {
        "login": ("", "/accounts/login/"),
        "today": ("A1001", "/today/"),
        "task": ("A1001", f"/tasks/{task.pk}/"),
        "why": ("A1001", f"/tasks/{task.pk}/why/"),
        "later": ("A1001", f"/tasks/{task.pk}/later/"),
        "log": ("A1001", f"/tasks/{task.pk}/log/"),
        "print": ("A1001", "/today/print/"),
        "route": ("A1001", "/today/route/"),
        "day pack": ("A1001", "/today/pack/"),
        "clients": ("A1001", "/clients/"),
        "client": ("A1001", f"/clients/{policy.holder_id}/"),
        "review": ("A1001", f"/clients/{policy.holder_id}/review/"),
        "calendar": ("A1001", "/calendar/"),
        "new": ("A1001", "/clients/new/"),
        "edit": ("A1001", f"/clients/{policy.holder_id}/edit/"),
        "policies": ("A1001", "/policies/"),
        "policy": ("A1001", f"/policies/{policy.pk}/"),
        "me": ("A1001", "/accounts/me/"),
        "team": ("M1001", "/team/"),
        "agent": ("M1001", f"/team/{office.user('A1001').pk}/"),
        "day's end": ("A1001", "/today/summary/"),
        "spot checks": ("M1001", "/team/spot-checks/"),
        "day log": ("M1001", f"/logs/{handed_in.pk}/"),
        "meeting": ("M1001", "/team/meeting/"),
        "311": ("M1001", "/standard/"),
        "renewals": ("M1001", "/renewals/"),
        "own renewals": ("A1001", "/renewals/?stage=lapsed"),
        "persistency": ("M1001", "/persistency/?k=25"),
        "reinstatements": ("M1001", "/reinstatements/"),
        "reinstatement": ("M1001", f"/reinstatements/{desk.pk}/"),
        "uncollected": ("M1001", "/uncollected/"),
        "bank": ("ADMIN", "/bank/"),
        "bank lines": ("ADMIN", "/bank/lines/"),
        "tools": ("ADMIN", "/rules/tools/"),
        "tools of a service": ("ADMIN", "/rules/tools/2/"),
        "text of a service": ("ADMIN", "/texts/premium-coming/"),
        "imports": ("ADMIN", "/imports/"),
        "import result": ("ADMIN", f"/imports/{batch.pk}/result/"),
        "audit": ("ADMIN", "/audit/"),
        "data quality": ("M1001", "/clients/quality/"),
        "one person": ("ADMIN", f"/clients/duplicates/{two_records().pk}/"),
        "export": ("M1001", "/exports/policies/"),
        "exports": ("ADMIN", "/exports/"),
    }


def looks(pages: dict[str, Any]) -> Any:
    """Every page in both themes, the main ones in both languages in each."""
    for name, language, theme in product(pages, ("zh-hans", "en"), ("light", "dark")):
        if name in MAIN or (language, theme) in LOOKS:
            yield name, language, theme


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_open_to_everybody(office: Any, size: str) -> None:
    faults = []
    pages = addresses(office)
    opened: dict[tuple[str, str, str], Page] = {}
    for name, language, theme in looks(pages):
        who, path = pages[name]
        seen_as = (who, language, theme)
        if seen_as not in opened:
            opened[seen_as] = office.open(who, SIZES[size], language=language, theme=theme)
        page = opened[seen_as]
        answer = page.goto(office.url + path)
        told = f"{name} {size} {language} {theme}"
        if answer is None or answer.status != 200:
            faults.append(f"{told}: answered {answer and answer.status}")
            continue
        faults += [f"{told}: {barrier}" for barrier in barriers(page)]
        if size == "phone" and sideways(page) > 0:
            faults.append(f"{told}: {sideways(page)} px stick out sideways")
    assert not faults, "\n".join(faults)


def test_the_day_is_light_to_load(office: Any) -> None:
    """At most seven requests and 120 KB for the first sight of the day, 15 KB of it the page itself."""
    page = office.open("A1001", size=PHONE)
    answers: list[Any] = []

    def answered(answer: Any) -> None:
        answers.append(answer)

    page.on("response", answered)
    page.goto(f"{office.url}/today/", wait_until="networkidle")
    weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    assert len(answers) <= 7, list(weights)
    assert sum(weights.values()) <= 120 * 1024, weights
    assert weights[f"{office.url}/today/"] <= 15 * 1024, weights
