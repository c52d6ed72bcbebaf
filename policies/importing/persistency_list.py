"""The persistency list: what was due, how far it is paid, and why a debit failed."""

from policies.importing import listing
from policies.importing.apply import Order, Report
from policies.importing.writing import (
    PAYABLE_SQL,
    REGULAR_SQL,
    grace_end,
    half_a_period,
    paid_some_day,
)

# One line for each premium: main policy and riders are owed together, and the main line speaks.
_DUES = """
CREATE TEMP TABLE import_due AS
WITH spoken AS (
    SELECT *, n = first_value(n) OVER (
        PARTITION BY policy_id, due_on ORDER BY rider ~* '附|rider', n DESC
    ) AS speaks
    FROM import_list
)
SELECT policy_id, due_on, sum(amount) AS amount,
    max(paid_to_on) FILTER (WHERE speaks) AS paid_to,
    COALESCE(max(paid_to_on) FILTER (WHERE speaks) <= due_on, false) AS owed,
    COALESCE(max(paid_to_on) FILTER (WHERE speaks) > due_on, false) AS paid,
    max(status) FILTER (WHERE speaks) AS status, max(failure) AS failure
FROM spoken GROUP BY policy_id, due_on
"""
_POLICIES = """
UPDATE policies_policy y SET version = y.version + 1,
    status = COALESCE(NULLIF(i.status, ''), y.status), paid_to = COALESCE(i.paid_to, y.paid_to)
FROM (SELECT DISTINCT ON (policy_id) * FROM import_due ORDER BY policy_id, due_on DESC) AS i
WHERE y.id = i.policy_id
  AND (i.status NOT IN ('', y.status) OR i.paid_to <> y.paid_to
       OR (y.paid_to IS NULL AND i.paid_to IS NOT NULL))
RETURNING y.id
"""
# A premium that is owed a few days earlier or later is the one that is paid.
_MOVE_PAID = f"""
UPDATE policies_instalment t SET due_on = same.due_on, grace_ends_on = {grace_end("same.due_on")}
FROM (
    SELECT DISTINCT ON (t.policy_id) t.id, i.due_on, y.product_id
    FROM import_due i JOIN policies_policy y ON y.id = i.policy_id
    JOIN policies_instalment t ON t.policy_id = i.policy_id
        AND t.paid_on IS NULL AND t.closed_on IS NULL
        AND abs(t.due_on - i.due_on) < {half_a_period("y")}
    WHERE i.paid
      AND NOT EXISTS (SELECT 1 FROM policies_instalment o
            WHERE o.policy_id = i.policy_id AND o.due_on = i.due_on)
      AND NOT EXISTS (SELECT 1 FROM import_due listed
            WHERE listed.policy_id = t.policy_id AND listed.due_on = t.due_on)
    ORDER BY t.policy_id, abs(t.due_on - i.due_on)
) AS same LEFT JOIN policies_product d ON d.id = same.product_id
WHERE t.id = same.id
RETURNING t.policy_id
"""
_PAY = f"""
UPDATE policies_instalment t SET paid_on = {paid_some_day("y")}
FROM import_due i JOIN policies_policy y ON y.id = i.policy_id
WHERE t.policy_id = i.policy_id AND t.paid_on IS NULL AND t.closed_on IS NULL
  AND ((t.due_on = i.due_on AND i.paid) OR (t.due_on < i.due_on AND t.due_on < i.paid_to))
RETURNING t.policy_id
"""
_KEEP_PAID = f"""
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount, paid_on)
SELECT i.policy_id, i.due_on, g.ends_on, COALESCE(i.amount, y.premium), LEAST(%(today)s, g.ends_on)
FROM import_due i JOIN policies_policy y ON y.id = i.policy_id
LEFT JOIN policies_product d ON d.id = y.product_id,
LATERAL (SELECT {grace_end("i.due_on")} AS ends_on) AS g
WHERE i.paid AND y.premium_mode IN ({REGULAR_SQL})
ON CONFLICT (policy_id, due_on) DO NOTHING
RETURNING policy_id
"""
# The insurer's word stands above a booking by hand, but not above the bank's, nor above a later
# payment.
_TAKE_BACK = """
UPDATE policies_instalment t SET paid_on = NULL
FROM import_due i
WHERE t.policy_id = i.policy_id AND t.due_on = i.due_on AND i.owed AND t.paid_on IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM policies_bankrow b
        WHERE b.instalment_id = t.id AND b.ok AND b.state = 'matched')
  AND NOT EXISTS (SELECT 1 FROM policies_instalment later
        WHERE later.policy_id = t.policy_id AND later.due_on > t.due_on
          AND later.paid_on IS NOT NULL)
RETURNING t.policy_id
"""
_NEXT = f"""
INSERT INTO policies_instalment (policy_id, due_on, grace_ends_on, amount)
SELECT y.id, i.paid_to, {grace_end("i.paid_to")}, y.premium
FROM (SELECT policy_id, max(paid_to) AS paid_to FROM import_due WHERE paid GROUP BY 1) AS i
JOIN policies_policy y ON y.id = i.policy_id
LEFT JOIN policies_product d ON d.id = y.product_id
WHERE y.status IN ({PAYABLE_SQL}) AND y.premium_mode IN ({REGULAR_SQL})
  AND (y.pay_years IS NULL OR y.effective_on IS NULL
       OR i.paid_to < y.effective_on + make_interval(years => y.pay_years))
  AND NOT EXISTS (SELECT 1 FROM policies_instalment t
        WHERE t.policy_id = y.id AND (t.due_on = i.paid_to
            OR (t.paid_on IS NULL AND t.closed_on IS NULL)))
RETURNING policy_id
"""
# Insurers begin to debit up to a month ahead; a reason beside a premium due later is that of an
# earlier debit.
_FAIL = """
UPDATE policies_instalment t SET failure = i.failure, failed_on = %(today)s
FROM import_due i
WHERE t.policy_id = i.policy_id AND t.due_on = i.due_on AND i.failure <> ''
  AND t.paid_on IS NULL AND t.closed_on IS NULL AND t.failure <> i.failure
  AND t.due_on <= %(today)s + 31
RETURNING t.policy_id
"""


def write(order: Order, report: Report) -> None:
    today = {"today": order.today}
    listing.find_policies(order, report)
    listing.drop_repeated(order, report, "product_code", "product_name", "rider")
    listing.stage_dues(_DUES)
    touched = listing.changed(_POLICIES)
    touched |= listing.changed(_TAKE_BACK)
    touched |= listing.changed(listing.MOVE)
    touched |= listing.changed(_MOVE_PAID)
    touched |= listing.changed(_PAY, today)
    touched |= listing.changed(listing.MAKE)
    touched |= listing.changed(_KEEP_PAID, today)
    touched |= listing.changed(_NEXT)
    touched |= listing.changed(_FAIL, today)
    touched |= listing.follow()
    listing.fill_contacts(order, report)
    listing.count(report, touched)
