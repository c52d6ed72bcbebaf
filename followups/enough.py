"""No client hears from us more often than the office allows, over all rules together.

The database counts (`Client.enough_until`); here the care that can wait steps back. Premiums, payouts,
service and what was agreed are never held back: care stays beside them, since one contact settles both.
"""

from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Exists

from clients.models import Contact
from followups.models import FollowUp
from followups.rulebook import PROACTIVE

# Put off to the first day that is free, within the days for which it is worth doing; where there is
# none, withdrawn.
STEP_BACK = """
UPDATE followups_followup f
SET list_on = CASE WHEN c.enough_until <= f.keep_until THEN c.enough_until ELSE f.list_on END,
    status = CASE WHEN c.enough_until <= f.keep_until THEN f.status ELSE 'withdrawn' END,
    reason = CASE WHEN c.enough_until <= f.keep_until THEN f.reason ELSE 'enough' END,
    withdrawn_on = CASE WHEN c.enough_until <= f.keep_until THEN f.withdrawn_on ELSE %(day)s END,
    contact_id = CASE WHEN c.enough_until <= f.keep_until THEN f.contact_id ELSE %(contact)s END
FROM clients_client c
WHERE c.enough_until > %(day)s AND {whom}
  AND f.client_id = c.id AND f.status = 'open' AND f.list_on <= %(day)s AND f.rule = ANY (%(proactive)s)
  AND NOT EXISTS (
      SELECT 1 FROM followups_followup o
      WHERE o.client_id = c.id AND o.status = 'open' AND NOT o.rule = ANY (%(proactive)s)
        AND o.list_on <= %(day)s AND o.keep_until >= %(day)s)
"""


def step_back(day: date) -> int:
    """Hold back, on the list of `day`, what can wait for those who have heard enough; how much."""
    return _step_back("true", {"day": day, "contact": None})


def after(contact: Contact) -> None:
    """What the contact makes needless, and what shall not follow it on the same day.

    Taken back with the contact, since it is named on what it settled.
    """
    spoken = FollowUp.objects.open().filter(client=contact.client_id, series="silence")
    counts = Exists(Contact.objects.counted().filter(pk=contact.pk))
    spoken.filter(counts, list_on__lte=contact.on).update(
        status=FollowUp.Status.WITHDRAWN,
        reason=FollowUp.Reason.SPOKEN,
        withdrawn_on=contact.on,
        contact=contact,
    )
    only = {"day": contact.on, "contact": contact.pk, "client": contact.client_id}
    _step_back("c.id = %(client)s", only)


def _step_back(whom: str, known: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(STEP_BACK.format(whom=whom), known | {"proactive": PROACTIVE})
        return int(cursor.rowcount)
