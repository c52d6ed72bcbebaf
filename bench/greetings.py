"""A festival for a whole province against the same INSERT written by hand."""

from collections.abc import Callable
from datetime import date, timedelta
from statistics import median
from time import perf_counter

from django.db import connection, transaction

from bench import book
from clients.models import Client
from followups import daily, greetings
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting
from followups.touched import EVERYBODY, TAKE_NOTES, THE_UNSETTLED, Scope

ROUNDS = 3
Say = Callable[..., None]

BY_HAND = """
INSERT INTO followups_greeting (campaign_id, client_id)
SELECT {campaign}, c.id FROM clients_client c
WHERE NOT c.deceased AND NOT c.do_not_contact
  AND coalesce(nullif(c.client_class, ''), 'maintain') IN (
      SELECT client_class FROM followups_serviceplan WHERE item = 10 AND level = 'must')
  AND (c.no_sales_until IS NULL OR c.no_sales_until < DATE '{on}')
  AND (c.enough_until IS NULL OR c.enough_until <= DATE '{on}')
  AND c.id IN (SELECT holder_id FROM policies_policy
               WHERE status IN ('in_force', 'paid_up') AND (lapses_on IS NULL OR lapses_on > DATE '{on}'))
  AND NOT EXISTS (SELECT 1 FROM followups_rulemute m
                  WHERE m.client_id = c.id AND m.rule = 'festival' AND m.lifted_on IS NULL AND m.until >= DATE '{on}')
  AND c.id NOT IN (SELECT client_id FROM clients_consent WHERE state IN ('refused', 'withdrawn')
                   GROUP BY client_id HAVING count(*) = 3)
ON CONFLICT DO NOTHING
"""


def bench(say: Say, today: date) -> None:
    """The festival's first night, and the night after it."""
    on = today + timedelta(days=3)
    Festival.objects.update(active=False)
    festival = Festival.objects.create(name="bench", kind="solar", month=on.month, day=on.day)
    ours, by_hand, again = [], [], []
    for _ in range(ROUNDS):
        by_hand.append(_by_hand(festival, on))
        first, second = _ours(today)
        ours.append(first)
        again.append(second)
    limit = median(by_hand)
    with transaction.atomic():
        n = greetings.write(today)
        transaction.set_rollback(True)
    say("write a festival's greetings", median(ours), 1.2 * limit, n, by_hand_s=round(limit, 4))
    say("write them again after a day", median(again), limit / 2, n)
    festival.delete()


def _by_hand(festival: Festival, on: date) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        campaign = Campaign.objects.create(festival=festival, on=on, opens_on=on)
        began = perf_counter()
        cursor.execute(BY_HAND.format(campaign=campaign.pk, on=on))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        took = perf_counter() - began
        transaction.set_rollback(True)
    return took


def _ours(today: date) -> tuple[float, float]:
    """As the nightly lists write it, foreign keys checked; and after a day of ordinary work again."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(daily.LOOK_UP_ROW_BY_ROW)
        cursor.execute("TRUNCATE followups_touched")
        first = _written(today, EVERYBODY)
        assert Greeting.objects.exists()
        book.live_a_day(today, clients=Client.objects.count())
        cursor.execute(TAKE_NOTES)
        again = _written(today, THE_UNSETTLED)
        transaction.set_rollback(True)
    return first, again


def _written(today: date, scope: Scope) -> float:
    with connection.cursor() as cursor:
        began = perf_counter()
        greetings.write(today, scope)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        took = perf_counter() - began
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return took
