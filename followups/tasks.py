"""What the minute tick sets off. The ledger decides; the queue only wakes us."""

from datetime import date, datetime, time, timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.exports import ExportRequest
from clients import duplicates
from clients.handover import end_absences
from clients.merging import Merge
from followups import daily, sampling
from followups.models import AgentWork, DueWork, FollowUp, ListRun
from lib import dates
from policies.batches import ImportBatch
from policies.changes import ImportChange, Subject
from policies.classification import classify, classify_due
from policies.households import derive_households
from policies.models import Product
from policies.owed import OwedPremium
from policies.tasks import forget_old_files, pick_up_waiting


def list_due(now: datetime) -> date:
    """The last day whose list should be written by now: tomorrow's from the evening hour on."""
    local = timezone.localtime(now)
    evening = local.time() >= time.fromisoformat(settings.LIST_TIME)
    return local.date() + timedelta(days=1) if evening else local.date()


@shared_task
def tick() -> None:
    """Look at the ledgers and do what lacks. Harmless however often and by however many it is called."""
    pick_up_waiting()
    forget_old_files()
    ExportRequest.objects.forget_old()
    end_absences(timezone.localdate())
    list_imported()
    list_corrected()
    due = list_due(timezone.now())
    last = ListRun.last_day()
    if last is None or last < due:
        daily.write_lists(due)
        sampling.draw_for_all(due)
        duplicates.find()
        Merge.forget_old()
        for sums in (AgentWork, DueWork):
            sums.mend(dates.add_months(due, -13), date.max)  # of two who could not see each other
            sums.pack()
        OwedPremium.mend()
    if classify_due(timezone.localdate()):
        derive_households()  # people have moved since last month


def list_imported() -> None:
    """Write today's list and those written ahead anew for books that came in since."""
    imported = list(ImportBatch.objects.not_listed().values_list("pk", flat=True))
    if not imported:
        return
    _ask_again_for_the_undone()
    today = timezone.localdate()
    classify(today, today)  # whoever is new has no class yet
    derive_households()
    _write_again(today)
    ImportBatch.objects.filter(pk__in=imported).update(listed_at=timezone.now())


def list_corrected() -> None:
    """The same where the days of a product were corrected since."""
    waiting = Product.objects.filter(unlisted_since__isnull=False)
    corrected = dict(waiting.values_list("pk", "unlisted_since"))
    if not corrected:
        return
    today = timezone.localdate()
    # What a first correction withdrew a second one may want again.
    theirs = Q(policy__product__in=corrected, keep_until__gte=today)
    _ask_again(theirs, FollowUp.Reason.LAPSED, FollowUp.Reason.CHANGED)
    _write_again(today)
    for pk, since in corrected.items():  # unless corrected once more meanwhile
        waiting.filter(pk=pk, unlisted_since=since).update(unlisted_since=None)


def _write_again(today: date) -> None:
    daily.write_again(today, max(ListRun.last_day() or today, list_due(timezone.now())))


def _ask_again(about: Q, *reasons: FollowUp.Reason) -> None:
    """Forget that it was withdrawn, so that the rules may want it anew."""
    withdrawn = FollowUp.objects.filter(status=FollowUp.Status.WITHDRAWN, reason__in=reasons)
    withdrawn.filter(about).delete()


def _ask_again_for_the_undone() -> None:
    """What an import settled that has been undone since may be wanted again."""
    undone = ImportBatch.objects.not_listed().filter(state=ImportBatch.State.UNDONE)
    if not undone:
        return
    changed = ImportChange.objects.filter(batch__in=undone)
    policies = changed.filter(subject=Subject.POLICY).values("row_id")
    premiums = changed.filter(subject=Subject.INSTALMENT).values("row_id")
    reason, theirs = FollowUp.Reason, Q(policy__in=policies) | Q(instalment__in=premiums)
    _ask_again(theirs, reason.PAID, reason.ENDED, reason.LAPSED, reason.CHANGED)
    changed.delete()
