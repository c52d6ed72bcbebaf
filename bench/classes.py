"""The monthly classification of a province against one UPDATE of the same columns, written by hand."""

from collections.abc import Callable
from datetime import date
from statistics import median
from time import perf_counter

from django.db import connection, transaction

from lib import dates
from policies.classification import classify
from policies.models import ClientClass

ROUNDS = 3
Say = Callable[..., None]

# A year of an office: every other client was spoken with, one in three is known and marked, one in
# twenty moved.
A_YEAR = """
INSERT INTO clients_contact (client_id, by_id, "on", at, channel, outcome, subject, note)
SELECT c.id, c.agent_id, DATE '{month}' - (c.id * 7 + n * 31)::int %% 400, now(), 'call',
       CASE WHEN n = 3 THEN 'no_answer' ELSE 'done' END, '', ''
FROM clients_client c, generate_series(1, 5) n WHERE c.id %% 2 = 0 AND c.agent_id IS NOT NULL AND n <= c.id %% 6;
INSERT INTO policies_known (client_id, income, satisfied, aware, means)
SELECT id, 60000 + id %% 200000, id %% 2 = 0, id %% 5 <> 0, CASE WHEN id %% 4 <> 0 THEN id %% 7 <> 0 END
FROM clients_client WHERE id %% 3 = 0;
INSERT INTO clients_moved (client_id, what, "on")
SELECT id, 'address', DATE '{month}' - (id %% 500)::int FROM clients_client WHERE id %% 20 = 0;
ANALYZE clients_contact, clients_moved, policies_known;
"""
NOTHING_YET = """
INSERT INTO policies_clientclass (client_id, month, value, relation, propensity, confidence, standing,
    policies, contacts, premium, sums, tier, blocked, hint, auto_class, final_class, last_class)
SELECT id, DATE '{month}', 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', '', '' FROM clients_client
"""
BY_HAND = """
UPDATE policies_clientclass k SET value = x.v, coverage = x.s, relation = x.r, propensity = x.p, confidence = x.sure,
    standing = x.standing, years = x.years, policies = x.policies, contacts = x.contacts, on_time = x.on_time,
    premium = x.premium, sums = x.sums, tier = x.tier, blocked = x.blocked, hint = x.hint, auto_class = x.auto,
    quality_ok = x.quality, awareness_ok = x.aware, satisfaction_ok = x.satisfied, means_ok = x.means, mobility_ok = x.settled,
    attention = CASE x.off WHEN 0 THEN 'A' WHEN 1 THEN 'B' WHEN 2 THEN 'C' ELSE 'D' END,
    final_class = coalesce(o.client_class, x.auto), last_class = coalesce(x.was, ''), override_id = o.id
FROM (
  SELECT e.*,
    CASE WHEN NOT quality THEN 1 ELSE 0 END + CASE WHEN NOT aware THEN 1 ELSE 0 END
      + CASE WHEN NOT satisfied THEN 1 ELSE 0 END + CASE WHEN NOT means THEN 1 ELSE 0 END
      + CASE WHEN NOT settled THEN 1 ELSE 0 END AS off,
    CASE WHEN blocked <> '' THEN 'maintain' WHEN p >= 60 + up AND r >= 40 + up THEN 'develop'
         WHEN p >= 40 + kept OR v >= 50 + kept AND r < 40 - kept THEN 'nurture' ELSE 'maintain' END AS auto,
    CASE WHEN blocked = 'lapsed' THEN 'reinstate' WHEN blocked IN ('deceased', 'no_contact') THEN '' WHEN grace THEN 'grace'
         WHEN r < 40 THEN 'meet' WHEN NOT ci THEN 'critical_illness' WHEN NOT med THEN 'medical' WHEN NOT life THEN 'life'
         WHEN NOT ann THEN 'annuity' ELSE 'review' END AS hint
  FROM (
    SELECT d.*, round(CASE WHEN s IS NULL THEN (4 * v + 3 * r) / 7.0 ELSE 0.4 * v + 0.3 * (100 - s) + 0.3 * r END) AS p,
      CASE was WHEN 'develop' THEN -5 ELSE 5 END AS up, CASE was WHEN 'maintain' THEN 5 ELSE -5 END AS kept
    FROM (
      SELECT c.id, coalesce(h.premium, 0) AS premium, coalesce(h.sums, 0) AS sums, coalesce(h.policies, 0) AS policies,
        h.years, h.grace, NOT (h.grace OR h.late) AS quality, n.aware, n.satisfied, n.means, coalesce(v.n, 0) < 1 AS settled, h.ci, h.med, h.life, h.ann, coalesce(m.n, 0) AS contacts, t.on_time, b.auto_class AS was,
        100 * (rank() OVER w - 1) / (count(*) OVER () - 1) AS standing,
        round(60.0 * (rank() OVER w - 1) / (count(*) OVER () - 1)) + 2 * least(coalesce(h.years, 0), 10)
          + 4 * least(coalesce(h.policies, 0), 5) AS v,
        CASE WHEN coalesce(n.need, 10 * n.income) > 0
             THEN least(round(100 * coalesce(h.sums, 0) / coalesce(n.need, 10 * n.income)), 100) END AS s,
        round(50.0 * least(coalesce(m.n, 0), 12) / 12) + CASE WHEN n.satisfied THEN 20 ELSE 0 END
          + CASE WHEN n.referred THEN 20 ELSE 0 END + round(coalesce(t.on_time, 0) / 10.0) AS r,
        47 + CASE WHEN h.years IS NULL THEN 0 ELSE 8 END + CASE WHEN n.income IS NULL THEN 0 ELSE 30 END
          + CASE WHEN n.satisfied IS NULL THEN 0 ELSE 6 END + CASE WHEN n.referred IS NULL THEN 0 ELSE 6 END
          + CASE WHEN t.on_time IS NULL THEN 0 ELSE 3 END AS sure,
        CASE ntile(25) OVER (PARTITION BY c.agent_id ORDER BY coalesce(h.premium, 0) DESC) WHEN 1 THEN 'key'
          WHEN 2 THEN 'important' WHEN 3 THEN 'important' WHEN 4 THEN 'important' ELSE 'general' END AS tier,
        CASE WHEN c.deceased THEN 'deceased' WHEN c.do_not_contact THEN 'no_contact'
          WHEN c.complaint_open_since IS NOT NULL THEN 'complaint' WHEN c.do_not_sell THEN 'no_sales' WHEN h.policies = 0 THEN 'lapsed'
          WHEN c.birth_on <= DATE '{month}' - interval '70 years' THEN 'old' ELSE '' END AS blocked
      FROM clients_client c
      LEFT JOIN (
        SELECT p.holder_id, count(*) FILTER (WHERE covered) AS policies,
          sum(CASE WHEN covered THEN p.premium * CASE p.premium_mode WHEN 'yearly' THEN 1 WHEN 'half_yearly' THEN 2
              WHEN 'quarterly' THEN 4 WHEN 'monthly' THEN 12 ELSE 0 END ELSE 0 END) AS premium,
          sum(CASE WHEN covered THEN p.sum_assured ELSE 0 END) AS sums,
          extract(year FROM age(DATE '{month}', min(coalesce(p.effective_on, p.issued_on)))) AS years,
          bool_or(covered AND p.next_due_on < DATE '{month}') AS grace,
          bool_or(p.lapses_on BETWEEN DATE '{month}' - interval '1 year' AND DATE '{month}'
                  OR p.reinstated_on BETWEEN DATE '{month}' - interval '1 year' AND DATE '{month}') AS late, bool_or(covered AND q.kind = 'critical_illness') AS ci,
          bool_or(covered AND q.kind = 'medical') AS med, bool_or(covered AND q.kind IN ('whole_life', 'term')) AS life,
          bool_or(covered AND q.kind = 'annuity') AS ann
        FROM (SELECT *, status IN ('in_force', 'paid_up') AND (lapses_on IS NULL OR lapses_on > DATE '{month}') AS covered
              FROM policies_policy) p
        JOIN policies_product q ON q.id = p.product_id GROUP BY p.holder_id
      ) h ON h.holder_id = c.id
      LEFT JOIN (SELECT client_id, count(*) AS n FROM clients_contact WHERE "on" >= DATE '{month}' - interval '1 year'
                 AND "on" < DATE '{month}' AND undone_at IS NULL AND outcome NOT IN ('no_answer', 'not_home', 'wrong_number')
                 GROUP BY client_id) m ON m.client_id = c.id
      LEFT JOIN (SELECT p.holder_id, 100 * count(*) FILTER (WHERE i.paid_on <= i.grace_ends_on) / count(*) AS on_time
                 FROM policies_instalment i JOIN policies_policy p ON p.id = i.policy_id
                 WHERE i.due_on >= DATE '{month}' - interval '1 year' AND i.due_on < DATE '{month}'
                 AND (i.paid_on IS NOT NULL OR i.grace_ends_on < DATE '{month}') GROUP BY p.holder_id
      ) t ON t.holder_id = c.id
      LEFT JOIN (SELECT client_id, count(*) AS n FROM clients_moved WHERE "on" >= DATE '{month}' - interval '1 year'
                 AND "on" < DATE '{month}' GROUP BY client_id) v ON v.client_id = c.id
      LEFT JOIN policies_known n ON n.client_id = c.id
      LEFT JOIN policies_clientclass b ON b.client_id = c.id AND b.month = DATE '{before}'
      WINDOW w AS (ORDER BY coalesce(h.premium, 0))
    ) d
  ) e
) x
LEFT JOIN policies_classoverride o ON o.client_id = x.id AND o.lifted_at IS NULL AND o.until >= DATE '{month}'
WHERE k.client_id = x.id AND k.month = DATE '{month}'
"""


def bench(say: Say, today: date) -> None:
    """Last month stands; now the month turns, and then it is run again."""
    month = today.replace(day=1)
    before = dates.add_months(month, -1)
    with connection.cursor() as cursor:
        cursor.execute(A_YEAR.format(month=month).replace("%%", "%"))
    classify(before, today)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE policies_clientclass")
    ours, limits = [], []
    for _ in range(ROUNDS):
        limits.append(_by_hand(month, before))
        ours.append(_tried(lambda: classify(month, today)))
    limit = median(limits)
    run = classify(month, today)
    n = ClientClass.objects.filter(month=month).count()
    more = {"by_hand_s": round(limit, 4), "written": run.written, "moved": run.moved}
    say("classify the book", median(ours), 1.5 * limit, n, **more)
    again = median(_tried(lambda: classify(month, today)) for _ in range(ROUNDS))
    say("classify it again", again, 1.5 * limit, n)


def _by_hand(month: date, before: date) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NOTHING_YET.format(month=month))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        began = perf_counter()
        cursor.execute(BY_HAND.format(month=month, before=before))
        took = perf_counter() - began
        transaction.set_rollback(True)
    return took


def _tried(run: Callable[[], object]) -> float:
    """Seconds it takes, its foreign keys checked, each time from the same start."""
    with transaction.atomic(), connection.cursor() as cursor:
        began = perf_counter()
        run()
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        took = perf_counter() - began
        transaction.set_rollback(True)
    return took
