"""Writing the lists. Days are arguments: the clock, the queue and the user stay at the edge."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When

from clients.key_dates import roll_days
from clients.models import Client, Consent
from followups import comings, enough, greetings
from followups.festivals import SUBJECT
from followups.models import FollowUp, FollowUpQuerySet, ListRun, Planned, RuleMute
from followups.rulebook import RULEBOOK, behind
from followups.rules import Rule
from followups.statements import FIRST, LAST, Statement
from followups.touched import EVERYBODY, THE_UNSETTLED, Scope, basis_of, is_another, whom_to_look_at
from lib import statistics
from policies.models import Instalment, Policy

ONE_DAY = timedelta(days=1)
WRITING = 0x4C495354  # key of the advisory lock: one writer at a time, the others wait

# A day is a few thousand rows of a book of a million. The planner, which cannot know that they lie in
# memory, would read the whole book for each rule: measured 19 s instead of 3 s a day.
LOOK_UP_ROW_BY_ROW = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL join_collapse_limit = 1
"""


def write_lists(until: date) -> list[ListRun]:
    """Write the list of `until` and of every earlier day that lacks one, each in its transaction."""
    return [write_day(day) for day in days_to_write(until)]


def days_to_write(until: date) -> list[date]:
    """Days since the last written one; after a long silence only the last CATCH_UP_DAYS."""
    last = ListRun.last_day()
    first = until if last is None else min(last + ONE_DAY, until)
    first = max(first, until - timedelta(days=settings.CATCH_UP_DAYS))
    return [first + timedelta(days=n) for n in range((until - first).days + 1)]


@transaction.atomic
def write_day(day: date) -> ListRun:
    """Write what every rule asks for on `day`; written twice, late or by two at once it is the same.

    Only those are looked at for whom anything can have changed since the last writing, and what
    begins now; the list is the same as if everybody were.
    """
    began = time.monotonic()
    with _writing():
        missed = mark_missed(day)
        roll_days(day - ONE_DAY)
        Planned.roll(day)
        basis = basis_of(RULEBOOK)
        comings.keep(day, everybody=is_another(basis))
        scope = whom_to_look_at(day, RULEBOOK, basis)
        withdrawn = settle(day, scope)
        created = {rule.code: write_rule(rule, day, scope) for rule in RULEBOOK}
        statistics.renew(FollowUp._meta.db_table, sum(created.values()))
        superseded = supersede(day)
        enough.step_back(day)
        created[SUBJECT] = greetings.write(day, scope)
    return ListRun.objects.create(
        day=day,
        created={code: n for code, n in created.items() if n},
        withdrawn=withdrawn,
        missed=missed,
        superseded=superseded,
        seconds=round(time.monotonic() - began, 3),
        looked_at=scope.clients,
        basis=basis,
    )


@contextmanager
def _writing() -> Iterator[None]:
    """One at a time, and not noting as a change what the lists themselves change."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP_ROW_BY_ROW)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING])
        cursor.execute("SET LOCAL evergreen.writing_lists = on")
        yield
        cursor.execute("SET LOCAL evergreen.writing_lists = off")


def write_rule(rule: Rule, day: date, scope: Scope = EVERYBODY) -> int:
    """Insert what the rule wants on `day`, looking back as far as the work is still worth doing."""
    first = day - timedelta(days=rule.keep)
    new = _insert(_yet_to_write(rule, scope.is_everybody), first, day)
    if scope.since and scope.since < day:
        begins = max(first, scope.since + ONE_DAY)
        new += _insert(_yet_to_write(rule, True), begins, day)
    return new


@cache
def _yet_to_write(rule: Rule, everybody: bool) -> Statement:
    scope = EVERYBODY if everybody else THE_UNSETTLED
    return Statement.of(scope.of(rule.yet_to_write(FIRST, LAST), rule.client))


def _insert(wanted: Statement, first: date, last: date) -> int:
    return FollowUp.objects.insert_from(wanted.sql, wanted.on({FIRST: first, LAST: last}))


def mark_missed(day: date) -> int:
    """Close what came and went.

    The list of `day` is written the evening before, when the work of that evening can still be done.
    """
    gone = FollowUp.objects.open().filter(keep_until__lt=day - ONE_DAY)
    return gone.update(status=FollowUp.Status.MISSED)


def settle(day: date, scope: Scope = EVERYBODY) -> int:
    """Withdraw what is no longer wanted, with the reason kept; return how many."""
    everybody = scope.is_everybody
    still_open = scope.of(FollowUp.objects.open(), "client").order_by()
    standing = set(still_open.values_list("rule", flat=True).distinct())
    asked = [_unwanted(rule, everybody) for rule in RULEBOOK if rule.code in standing]
    asked += _settled_otherwise(everybody)
    withdrawn = {pk for statement in asked for (pk,) in statement.rows({LAST: day})}
    if withdrawn:
        _withdraw(withdrawn, day)
        _open_again(withdrawn, day)
    return len(withdrawn)


@cache
def _unwanted(rule: Rule, everybody: bool) -> Statement:
    followups = FollowUp.objects.filter(rule=rule.code)
    return _open_ones(followups.exclude(Exists(rule.still_wanted(LAST))), everybody)


@cache
def _settled_otherwise(everybody: bool) -> list[Statement]:
    settled = (_agreed_but_settled(LAST - ONE_DAY), _lapsing(LAST))
    return [_open_ones(followups, everybody) for followups in settled]


def _open_ones(followups: FollowUpQuerySet, everybody: bool) -> Statement:
    scope = EVERYBODY if everybody else THE_UNSETTLED
    return Statement.of(scope.of(followups.open(), "client").order_by().values_list("pk"))


def _agreed_but_settled(day: date) -> FollowUpQuerySet:
    """What follows an entry, about a premium since paid, a policy since ended or a client who is gone."""
    owed = Instalment.objects.unpaid(day).filter(pk=OuterRef("instalment_id"))
    alive = Policy.objects.filter(pk=OuterRef("policy_id"), status__in=Policy.ALIVE)
    reachable = Client.objects.contactable().filter(pk=OuterRef("client_id"))
    bereaved = Client.objects.filter(pk=OuterRef("client_id"), deceased=True, do_not_contact=False)
    of_family = Q(series__in=FollowUp.OF_THE_FAMILY)
    return FollowUp.objects.filter(rule__in=FollowUp.AFTER_AN_ENTRY).filter(
        (Q(instalment__isnull=False) & ~Exists(owed))
        | (Q(policy__isnull=False) & ~Exists(alive))
        | (~of_family & ~Exists(reachable))
        | (of_family & ~Exists(bereaved))
    )


def _lapsing(day: date) -> FollowUpQuerySet:
    """Premium reminders that would still stand on a day on which there is no cover left to save."""
    gone = Policy.objects.filter(pk=OuterRef("policy_id"), lapses_on__lte=day)
    return FollowUp.objects.filter(Exists(gone), series="premium", keep_until__gte=day)


def _withdraw(found: set[int], day: date) -> None:
    """In one statement: telling why is long to say, and would be said anew for each rule."""
    FollowUp.objects.filter(pk__in=found).update(
        status=FollowUp.Status.WITHDRAWN, withdrawn_on=day, reason=_why_withdrawn(day)
    )


def _open_again(withdrawn: set[int], day: date) -> None:
    """What had given way to a stage that is withdrawn now stands again where it is still wanted."""
    later = FollowUp.objects.filter(
        pk__in=withdrawn,
        client_id=OuterRef("client_id"),
        series=OuterRef("series"),
        list_on__gt=OuterRef("list_on"),
    )
    given_way = FollowUp.objects.filter(
        Exists(later), status=FollowUp.Status.SUPERSEDED, keep_until__gte=day - ONE_DAY
    )
    rules = dict(given_way.order_by().values_list("pk", "rule"))
    for rule in (rule for rule in RULEBOOK if rule.code in rules.values()):
        again = FollowUp.objects.filter(pk__in=rules, rule=rule.code)
        again = again.filter(Exists(rule.still_wanted(day))).exclude(pk__in=_lapsing(day))
        again.update(status=FollowUp.Status.OPEN)


def _why_withdrawn(day: date) -> Case:
    client = Client.objects.filter(pk=OuterRef("client_id"))
    policy = Policy.objects.filter(pk=OuterRef("policy_id"))
    covered_no_more = policy.filter(lapses_on__lte=day)
    signed = Exists(policy.filter(authorisation=Policy.Authorisation.SIGNED))
    paid = Instalment.objects.filter(pk=OuterRef("instalment_id"), paid_on__isnull=False)
    muted = RuleMute.objects.standing(day).filter(
        client_id=OuterRef("client_id"), rule=OuterRef("rule")
    )
    since = {"silence": "last_contact_on__gte", "review": "last_review_on__gte"}
    spoken = [
        Q(Exists(client.filter(**{word: OuterRef("list_on")})), series=series)
        for series, word in since.items()
    ]
    greeted = Exists(client.filter(last_contact_on__gte=OuterRef("occasion_on")))
    mourning = Exists(client.filter(no_sales_until__gte=day))
    refusing = Consent.objects.every_way_refused("client_id")
    reason = FollowUp.Reason
    return Case(
        When(
            Exists(client.filter(deceased=True)) & ~Q(series__in=FollowUp.OF_THE_FAMILY),
            then=Value(reason.DECEASED),
        ),
        When(Exists(client.filter(do_not_contact=True)), then=Value(reason.NO_CONTACT)),
        When(Exists(policy.exclude(status__in=Policy.ALIVE)), then=Value(reason.ENDED)),
        When(Q(series="authorise") & signed, then=Value(reason.SIGNED)),
        When(Exists(paid), then=Value(reason.PAID)),
        When(Exists(policy.filter(status=Policy.Status.LAPSED)), then=Value(reason.LAPSED)),
        When(Exists(muted), then=Value(reason.MUTED)),
        When(Q(series="premium") & Exists(covered_no_more), then=Value(reason.LAPSED)),
        When(spoken[0] | spoken[1], then=Value(reason.SPOKEN)),
        When(Q(series__in=("greet", "meet")) & greeted, then=Value(reason.SPOKEN)),
        When(mourning & Q(rule__in=behind("mourning")), then=Value(reason.MOURNING)),
        When(Exists(refusing) & Q(rule__in=behind("consent")), then=Value(reason.CONSENT)),
        default=Value(reason.CHANGED),
    )


# Of one series only the latest begun stage of an occasion stays open. Premium stages share their
# instalment, since they count from two different dates of it; what comes around is replaced by its
# next time.
SUPERSEDE = """
UPDATE followups_followup AS earlier SET status = 'superseded'
WHERE earlier.status = 'open' AND earlier.series <> '' AND EXISTS (
    SELECT 1 FROM followups_followup AS later
    WHERE later.client_id = earlier.client_id
      AND later.series = earlier.series
      AND later.policy_id IS NOT DISTINCT FROM earlier.policy_id
      AND later.status IN ('open', 'done', 'missed')
      AND later.list_on > earlier.list_on AND later.list_on <= %s
      AND (later.instalment_id = earlier.instalment_id
           OR later.planned_id = earlier.planned_id
           OR (later.instalment_id IS NULL AND later.occasion_on = earlier.occasion_on)))
"""


def supersede(day: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute(SUPERSEDE, [day])
        return int(cursor.rowcount)


def write_again(first: date, last: date) -> list[ListRun]:
    """Write the lists of `first..last` anew, after the book has changed under them."""
    return [write_day(first + timedelta(days=n)) for n in range((last - first).days + 1)]
