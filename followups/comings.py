"""Dates of a client that follow from others, kept right by the writing of the lists.

Since when they have been a client (their first policy, or the day they were written down), when they
should next hear from us by the rhythm of their class, and the next anniversary of their first policy.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from clients.models import Rhythm
from followups.models import ListRun
from followups.rulebook import BY_CODE

ONE_DAY = timedelta(days=1)

# Each is the first such day that is still worth something on the list of `day`, so that whoever is
# looked at again, or looked at with everybody, keeps the dates they have.
KEEP = """
UPDATE clients_client c
SET client_since = n.since, contact_by = n.contact_by, anniversary_on = n.anniversary
FROM (
    SELECT s.id, s.since, s.silent + s.days * greatest(1, ceil((%(word)s::date - s.silent) / s.days::numeric)::int)
               AS contact_by,
           (s.since + make_interval(years => greatest(1, s.years + (s.this_year < %(anniversary)s)::int)))::date
               AS anniversary
    FROM (
        SELECT f.*, coalesce(f.last_contact_on, f.since) AS silent,
               (f.since + make_interval(years => f.years))::date AS this_year
        FROM (
            SELECT k.id, k.last_contact_on, p.since,
                   CASE k.client_class WHEN 'develop' THEN %(develop)s WHEN 'nurture' THEN %(nurture)s
                        ELSE %(maintain)s END AS days,
                   extract(year FROM %(anniversary)s::date)::int - extract(year FROM p.since)::int AS years
            FROM ({whom}) AS w
            JOIN clients_client k ON k.id = w.id
            CROSS JOIN LATERAL (
                SELECT coalesce(min(coalesce(h.effective_on, h.issued_on)),
                                (k.created_at AT TIME ZONE %(zone)s)::date) AS since
                FROM policies_policy h WHERE h.holder_id = k.id) AS p
        ) AS f
    ) AS s
) AS n
WHERE c.id = n.id AND (c.client_since, c.contact_by, c.anniversary_on)
    IS DISTINCT FROM (n.since, n.contact_by, n.anniversary)
"""
# The joins are made in the order in which they are named: it begins with the few, and not with the book.
EVERYBODY = "SELECT id FROM clients_client"
WHOM = """
    SELECT client_id AS id FROM followups_touched
    UNION SELECT id FROM clients_client WHERE contact_by < %(word)s
    UNION SELECT id FROM clients_client WHERE anniversary_on < %(anniversary)s"""


def keep(day: date, *, everybody: bool) -> int:
    """Keep the dates of those who were touched, and of those whose date has passed; how many moved."""
    rhythm = Rhythm.current()
    latest = max(day, ListRun.last_day() or day)
    known: dict[str, Any] = {
        "word": _still_worth_it("cadence", latest),
        "anniversary": _still_worth_it("anniversary-review", latest),
        "develop": rhythm.develop_days,
        "nurture": rhythm.nurture_days,
        "maintain": rhythm.maintain_days,
        "zone": settings.TIME_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP.format(whom=EVERYBODY if everybody else WHOM), known)
        return int(cursor.rowcount)


def _still_worth_it(code: str, day: date) -> date:
    """The earliest occasion for which the rule's work can stand on the eve of `day`."""
    rule = BY_CODE[code]
    return day - ONE_DAY - timedelta(days=rule.day + rule.keep)
