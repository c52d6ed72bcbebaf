"""Renewals due: new due dates and amounts; what is earlier than the premium asked for is paid."""

from policies.importing import listing
from policies.importing.apply import Order, Report
from policies.importing.writing import paid_some_day

_DUES = """
CREATE TEMP TABLE import_due AS
SELECT policy_id, due_on, sum(amount) AS amount, true AS owed
FROM import_list GROUP BY policy_id, due_on
"""
_PAID_ALREADY = """
SELECT l.row, l.due_on, l.policy_no, l.holder_name FROM import_list l
JOIN policies_instalment t ON t.policy_id = l.policy_id AND t.due_on = l.due_on
WHERE t.paid_on IS NOT NULL
"""
_PAY_EARLIER = f"""
UPDATE policies_instalment t SET paid_on = {paid_some_day("y")}
FROM (SELECT policy_id, min(due_on) AS due_on FROM import_due GROUP BY policy_id) AS first
JOIN policies_policy y ON y.id = first.policy_id
WHERE t.policy_id = first.policy_id AND t.due_on < first.due_on
  AND t.paid_on IS NULL AND t.closed_on IS NULL
RETURNING t.policy_id
"""
_FILL_BANKS = """
UPDATE policies_policy y SET version = y.version + 1,
    bank_name = COALESCE(NULLIF(y.bank_name, ''), i.bank_name),
    account = CASE WHEN y.account = '' THEN COALESCE(i.account, '') ELSE y.account END
FROM (
    SELECT DISTINCT ON (policy_id) policy_id, bank_name, account
    FROM import_list ORDER BY policy_id, account IS NULL, n DESC
) AS i
WHERE y.id = i.policy_id
  AND ((y.bank_name = '' AND i.bank_name <> '') OR (y.account = '' AND i.account IS NOT NULL))
RETURNING y.id
"""


def write(order: Order, report: Report) -> None:
    listing.find_policies(order, report)
    listing.refuse_not_paying(order, report)
    listing.drop_repeated(order, report, "product_name")
    listing.stage_dues(_DUES)
    paid = listing.ask(_PAID_ALREADY)
    report.warnings += listing.findings(order, "due_on", "premium_paid_already", paid)
    touched = listing.changed(listing.MOVE)
    touched |= listing.changed(_PAY_EARLIER, {"today": order.today})
    touched |= listing.changed(listing.MAKE)
    touched |= listing.follow()
    touched |= listing.changed(_FILL_BANKS)
    listing.fill_contacts(order, report)
    listing.count(report, touched)
