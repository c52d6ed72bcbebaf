"""The wake-up list: the same clients as an oracle finds, worked off one by one."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, Contact
from followups.models import FollowUp
from followups.wake_up import silent, stage_of
from lib import dates
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


@pytest.fixture
def asleep(make_client: Any, make_policy: Any, alice: Any) -> Any:
    def make(days: int, **fields: Any) -> Client:
        client: Client = make_client(**fields)
        make_policy(client)
        Contact.objects.create(client=client, by=alice, on=TODAY - days * A_DAY)
        return client

    return make


def test_the_list_is_what_an_oracle_finds(asleep: Any, make_policy: Any) -> None:
    rng = Random(7)
    for _ in range(40):
        fields = {"do_not_contact": rng.random() < 0.1, "deceased": rng.random() < 0.1}
        client = asleep(rng.choice((100, 179, 180, 250, 364, 365, 700)), **fields)
        if rng.random() < 0.2:
            client.policies.update(status="surrendered")
        if rng.random() < 0.2:
            Contact.objects.filter(client=client).update(outcome="no_answer")
        Client.objects.filter(pk=client.pk).update(client_since=date(2021, 4, 17))
    expected: dict[str, set[int]] = {"half-asleep": set(), "dormant": set()}
    for client in Client.objects.all():
        heard = [c.on for c in client.contacts.all() if c.outcome == "done"]
        days = (TODAY - max(heard, default=client.client_since)).days
        served = any(policy.status == "in_force" for policy in client.policies.all())
        if served and not client.deceased and not client.do_not_contact and days >= 180:
            expected["dormant" if days >= 365 else "half-asleep"].add(client.pk)
    for stage, pks in expected.items():
        found = silent(Client.objects.all(), TODAY, stage)
        assert {client.pk for client in found} == pks
        assert all(stage_of(client, TODAY).code == stage for client in found)


def test_who_was_spoken_to_leaves_the_list_and_comes_back_with_an_undo(
    login: Any, alice: Any, asleep: Any, make_followup: Any
) -> None:
    client = asleep(400, name="沈久眠")
    call = make_followup(client, rule="dormant", series="silence", keep_until=TODAY + 9 * A_DAY)
    browser, here = login(alice), reverse("wake_up")
    assert "沈久眠" in browser.get(here).content.decode()
    post = {"channel": "visit", "key": "once"}
    for _ in range(2):
        browser.post(reverse("wake_up_spoken", args=[client.pk]), post)
    contact = Contact.objects.get(client=client, on=TODAY)
    assert contact.channel == "visit"
    call.refresh_from_db()
    assert (call.status, call.contact) == (FollowUp.Status.DONE, contact)
    assert f"/clients/{client.pk}/" not in browser.get(here).content.decode()
    browser.post(reverse("contact_undo", args=[contact.pk]))
    assert f"/clients/{client.pk}/" in browser.get(here).content.decode()


def test_nothing_is_written_down_without_a_way(login: Any, alice: Any, asleep: Any) -> None:
    client = asleep(400)
    login(alice).post(reverse("wake_up_spoken", args=[client.pk]), {"channel": "owl"})
    assert not Contact.objects.filter(on=TODAY).exists()


def test_what_to_say_is_shown_for_whom_it_was_asked(login: Any, alice: Any, asleep: Any) -> None:
    client = asleep(400, name="沈久眠", gender="f")
    body = login(alice).get(reverse("wake_up"), {"say": client.pk}).content.decode()
    assert "沈女士您好，我是林晓芸。" in body


def test_twenty_rows_cost_the_queries_of_one(login: Any, alice: Any, asleep: Any) -> None:
    counts = []
    for n in (1, 19):
        for _ in range(n):
            asleep(400)
        with CaptureQueriesContext(connection) as queries:
            login(alice).get(reverse("wake_up"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
