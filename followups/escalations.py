"""What agents hand up: complaints, and matters that need the supervisor; and how they are closed."""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Min
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Client, Contact
from followups import planning
from followups.models import Escalation, Planned

LONGEST_WORDS = 120


def hand_up(contact: Contact) -> Escalation:
    """Put the matter of this contact on the supervisor's list."""
    complaint = contact.outcome == Contact.Outcome.COMPLAINT
    kind = Escalation.Kind.COMPLAINT if complaint else Escalation.Kind.MANAGER
    made = Escalation.objects.create(
        client_id=contact.client_id, contact=contact, kind=kind, since=contact.on
    )
    _note_complaints(contact.client_id)
    return made


def take_back(contact: Contact) -> bool:
    """Forget what was handed up by mistake; False where it has been answered."""
    handed_up = Escalation.objects.filter(contact=contact)
    if handed_up.filter(closed_on__isnull=False).exists():
        return False
    if handed_up.delete()[0]:
        _note_complaints(contact.client_id)
    return True


@transaction.atomic
def close(escalation: Escalation, *, by: User, on: date, answer: str) -> None:
    """Close it with what was done. A leader's verb; closed twice, the first answer stands."""
    if not by.oversees:
        raise PermissionDenied
    still_open = Escalation.objects.open().filter(pk=escalation.pk)
    if still_open.update(closed_on=on, closed_by=by, answer=answer):
        _note_complaints(escalation.client_id)
        _tell_the_agent(escalation, by, on, answer)


def _tell_the_agent(escalation: Escalation, by: User, on: date, answer: str) -> None:
    """What was answered stands on the agent's list; the whole of it on the client's timeline."""
    said = _("%(who)s answered: %(answer)s") % {"who": by.name, "answer": " ".join(answer.split())}
    words = Truncator(said).chars(LONGEST_WORDS)
    planning.put_down(
        Planned(client_id=escalation.client_id, by=by, words=words, first_on=on), today=on
    )


def _note_complaints(client_id: int) -> None:
    """The client says since when a complaint is open, whoever asks."""
    complaints = Escalation.objects.open().filter(
        client_id=client_id, kind=Escalation.Kind.COMPLAINT
    )
    since = complaints.aggregate(since=Min("since"))["since"]
    Client.objects.filter(pk=client_id).update(complaint_open_since=since)
