"""Why something stands on the list, in a few words made from the dates behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from clients.models import Client
from followups import money_words, people_words
from followups.models import FollowUp
from lib import lunar
from lib.templatetags.ui import day as in_words

LAST_WEEK = 7
SOON = 20


@dataclass(frozen=True)
class Chip:
    text: str
    tone: str
    icon: str


def of(followup: FollowUp, today: date) -> list[Chip]:
    """Return the reasons, the gravest first."""
    agreed = [_agreed(followup, today)] if followup.rule == FollowUp.AGREED else []
    agreed += _said_of_it(followup, today)
    reason = _BY_SERIES.get(followup.series)
    reasons = [reason(followup, today)] if reason else []
    ending = (
        followup.keep_until == today and followup.list_on < today and followup.series == "delivery"
    )
    last_call = [Chip(_("Last day"), "danger", "stopwatch")] if ending else []
    return [*agreed, *last_call, *reasons]


def _said_of_it(followup: FollowUp, today: date) -> list[Chip]:
    """What the client or the bank said of the premium."""
    instalment = followup.instalment
    if instalment is None or followup.series == "notice":
        return []
    if followup.rule == "bank-failed":
        return [
            Chip(money_words.failure_words(instalment.failure), "danger", "credit-card-2-front")
        ]
    if followup.rule == "promise-check":
        return [Chip(_("Promise not kept"), "danger", "calendar-x")]
    if followup.rule == "claim-check":
        return [Chip(_("Said to be paid, not arrived"), "danger", "question-lg")]
    waiting = money_words.waiting_for(instalment, today)
    return [Chip(waiting, "slate", "clock-history")] if waiting else []


def _authorise(followup: FollowUp, today: date) -> Chip:
    due_on = followup.instalment.due_on if followup.instalment else followup.occasion_on
    words = _("No debit form for %(day)s") % {"day": in_words(due_on)}
    return Chip(words, "warn", "pencil-square")


def _form(followup: FollowUp, today: date) -> Chip:
    n = (today - followup.occasion_on).days
    words = ngettext("Unpaid for %(n)s day", "Unpaid for %(n)s days", n) % {"n": n}
    return Chip(words, "danger", "journal-text")


def _notice(followup: FollowUp, today: date) -> Chip:
    return Chip(_("Paid %(day)s") % {"day": in_words(followup.occasion_on)}, "ok", "check-lg")


def _last(followup: FollowUp, today: date) -> Chip:
    words = _("Last premium, due %(day)s") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "accent", "flag")


def _loan(followup: FollowUp, today: date) -> Chip:
    words = _("Advanced %(day)s as a loan") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "warn", "bank")


def _reinstate(followup: FollowUp, today: date) -> Chip:
    n = max((followup.occasion_on - today).days, 0)
    words = ngettext("%(n)s day left to reinstate", "%(n)s days left to reinstate", n)
    return Chip(words % {"n": n}, "danger" if n <= SOON + 10 else "warn", "stopwatch")


def _premium(followup: FollowUp, today: date) -> Chip:
    instalment = followup.instalment
    if instalment is None:
        return Chip(str(followup.rule_label), "slate", "calendar3-event")
    if today < instalment.due_on:
        return _coming(instalment.due_on, today)
    if today == instalment.due_on:
        return Chip(_("Due today"), "accent", "calendar3-event")
    return _grace((instalment.grace_ends_on - today).days)


def _coming(due_on: date, today: date) -> Chip:
    n = (due_on - today).days
    if n > SOON:
        return Chip(_("Due %(day)s") % {"day": in_words(due_on)}, "slate", "calendar3-event")
    words = ngettext("Due %(day)s, in %(n)s day", "Due %(day)s, in %(n)s days", n)
    return Chip(words % {"day": in_words(due_on), "n": n}, "accent", "calendar3-event")


def _grace(left: int) -> Chip:
    if left < 0:
        return Chip(_("Grace is over"), "danger", "exclamation-triangle-fill")
    if left == 0:
        return Chip(_("Grace ends today"), "danger", "exclamation-triangle-fill")
    words = ngettext("Grace: %(n)s day left", "Grace: %(n)s days left", left) % {"n": left}
    if left <= LAST_WEEK:
        return Chip(words, "danger", "exclamation-triangle-fill")
    return Chip(words, "warn", "clock")


def _lapse(followup: FollowUp, today: date) -> Chip:
    n = max((today - followup.occasion_on).days, 0)
    if n == 0:
        return Chip(_("Lapsed today"), "danger", "exclamation-triangle-fill")
    words = ngettext("Lapsed %(n)s day ago", "Lapsed %(n)s days ago", n)
    return Chip(words % {"n": n}, "danger", "exclamation-triangle-fill")


def _cover(followup: FollowUp, today: date) -> Chip:
    ends_on = followup.policy.covers_until if followup.policy else None
    n = ((ends_on or followup.occasion_on) - today).days
    if n < 0:
        return Chip(_("Cover has ended"), "danger", "shield-exclamation")
    if n == 0:
        return Chip(_("Cover ends today"), "danger", "shield-exclamation")
    words = ngettext("Cover ends in %(n)s day", "Cover ends in %(n)s days", n) % {"n": n}
    return Chip(words, "danger" if n <= LAST_WEEK else "warn", "shield-exclamation")


def _maturity(followup: FollowUp, today: date) -> Chip:
    matures_on = followup.policy.matures_on if followup.policy else None
    n = ((matures_on or followup.occasion_on) - today).days
    if n == 0:
        return Chip(_("Matures today"), "teal", "wallet2")
    if n < 0:
        words = ngettext("Matured %(n)s day ago", "Matured %(n)s days ago", -n)
        return Chip(words % {"n": -n}, "teal", "wallet2")
    words = ngettext("Matures in %(n)s day", "Matures in %(n)s days", n)
    return Chip(words % {"n": n}, "teal", "wallet2")


def _birthday(followup: FollowUp, today: date) -> Chip:
    on = (
        followup.client.next_birthday_on
        if followup.rule == FollowUp.AGREED
        else followup.occasion_on
    )
    on = on or followup.occasion_on
    lunar_kept = followup.client.birthday_calendar == Client.Calendar.LUNAR
    if on == today:
        words = _("Lunar birthday today") if lunar_kept else _("Birthday today")
    else:
        name = _("Lunar birthday %(day)s") if lunar_kept else _("Birthday %(day)s")
        words = name % {"day": in_words(on)}
    return Chip(words, "plum", "cake2")


def _wedding(followup: FollowUp, today: date) -> Chip:
    words = people_words.wedding_words(followup)
    return Chip(_on(words, followup.occasion_on, today), "plum", "heart")


def _family(followup: FollowUp, today: date) -> Chip:
    on = followup.occasion_on
    people = people_words.who(people_words.celebrating(followup), on)
    words = people or _("Birthday in the family")
    return Chip(_on(words, on, today), "plum", "cake2")


def _career(followup: FollowUp, today: date) -> Chip:
    words = people_words.career_words(followup)
    return Chip(_on(words, followup.occasion_on, today), "plum", "building")


def _on(words: str, on: date, today: date) -> str:
    """What it is, and when it is not today."""
    return words if on == today else f"{words} · {in_words(on)}"


def _life(followup: FollowUp, today: date) -> Chip:
    kinds = [event.get_kind_display() for event in people_words.events_of(followup)]
    words = ", ".join(map(str, kinds)) or _("Something happened")
    return Chip(_on(words, followup.occasion_on, today), "plum", "balloon-heart")


def _identity(followup: FollowUp, today: date) -> Chip:
    n = (followup.occasion_on - today).days
    if n < 0:
        words = ngettext("ID expired %(n)s day ago", "ID expired %(n)s days ago", -n)
        return Chip(words % {"n": -n}, "danger", "person-vcard")
    words = ngettext("ID expires in %(n)s day", "ID expires in %(n)s days", n) % {"n": n}
    return Chip(words, "warn" if n <= LAST_WEEK else "slate", "person-vcard")


def _age(followup: FollowUp, today: date) -> Chip:
    day = in_words(followup.occasion_on)
    if followup.rule == "age-60":
        return Chip(_("Turns 60 on %(day)s") % {"day": day}, "plum", "cake2")
    people = people_words.who(people_words.coming_of_age(followup)) or _("A child")
    words = _("%(who)s comes of age on %(day)s") % {"who": people, "day": day}
    return Chip(words, "plum", "mortarboard")


def _contact(followup: FollowUp, today: date) -> Chip:
    day = in_words(followup.occasion_on, "year")
    if followup.rule == "contact-invalid":
        return Chip(_("Found wrong on %(day)s") % {"day": day}, "danger", "telephone-x")
    return Chip(_("Last checked %(day)s") % {"day": day}, "slate", "person-vcard")


def _handed_over(followup: FollowUp, today: date) -> Chip:
    day = in_words(followup.occasion_on)
    return Chip(_("Yours since %(day)s") % {"day": day}, "accent", "arrow-left-right")


def _delivery(followup: FollowUp, today: date) -> Chip:
    issued_on = followup.policy.issued_on if followup.policy else None
    n = max((today - (issued_on or followup.occasion_on)).days, 0)
    words = ngettext("Issued %(n)s day ago", "Issued %(n)s days ago", n) % {"n": n}
    return Chip(words, "teal", "file-earmark-text")


def _develop(followup: FollowUp, today: date) -> Chip:
    words = _("To develop since %(day)s") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "accent", "graph-up")


def _silence(followup: FollowUp, today: date) -> Chip:
    since = followup.client.silent_since
    if since is None or since >= today:
        return Chip(str(followup.rule_label), "plum", "moon-stars")
    n = (today - since).days
    words = ngettext("%(n)s day without a contact", "%(n)s days without a contact", n) % {"n": n}
    return Chip(words, "plum" if followup.rule == "cadence" else "warn", "moon-stars")


def _review(followup: FollowUp, today: date) -> Chip:
    reviewed_on = followup.client.last_review_on
    if reviewed_on is None:
        words = _("Never reviewed, anniversary %(day)s")
        return Chip(words % {"day": in_words(followup.occasion_on)}, "slate", "shield-check")
    words = _("Reviewed last %(day)s") % {"day": in_words(reviewed_on, "year")}
    return Chip(words, "slate", "shield-check")


def _settled(followup: FollowUp, today: date) -> Chip:
    n = (today - followup.occasion_on).days
    words = ngettext("In force for %(n)s day", "In force for %(n)s days", n) % {"n": n}
    return Chip(words, "plum", "file-earmark-check")


def _look_up(followup: FollowUp, today: date) -> Chip:
    return Chip(str(followup.rule_label), "warn", "question-lg")


def _of_a_death(followup: FollowUp, today: date) -> Chip:
    words = _("Died, known since %(day)s") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "slate", "person-dash")


def _agreed(followup: FollowUp, today: date) -> Chip:
    if followup.occasion_on == today:
        return Chip(_("Agreed for today"), "slate", "calendar-check")
    words = _("Agreed for %(day)s") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "warn" if followup.occasion_on < today else "slate", "calendar-check")


def _planned(followup: FollowUp, today: date) -> Chip:
    planned = followup.planned
    if planned and planned.repeats:
        return Chip(planned.rhythm, "slate", "arrow-repeat")
    words = _("Planned for %(day)s") % {"day": in_words(followup.occasion_on)}
    return Chip(words, "slate", "calendar-check")


_BY_SERIES: dict[str, Callable[[FollowUp, date], Chip]] = {
    "premium": _premium,
    "lapse": _lapse,
    "cover": _cover,
    "maturity": _maturity,
    "birthday": _birthday,
    "delivery": _delivery,
    "authorise": _authorise,
    "form": _form,
    "notice": _notice,
    "last": _last,
    "loan": _loan,
    "reinstate": _reinstate,
    "develop": _develop,
    "wedding": _wedding,
    "family": _family,
    "career": _career,
    "life": _life,
    "identity": _identity,
    "age": _age,
    "contact": _contact,
    "greet": _handed_over,
    "meet": _handed_over,
    "silence": _silence,
    "review": _review,
    "settled": _settled,
    "planned": _planned,
    "task": _planned,
}


def lunar_words(day: date) -> str:
    """`四月廿七`, `4/27`, or nothing outside the table."""
    try:
        found = lunar.to_lunar(day)
    except ValueError:
        return ""
    if not (get_language() or "").startswith("zh"):
        return f"{found.month}/{found.day}"
    return lunar.lunar_name(found.month, found.day, found.leap)


@dataclass(frozen=True)
class Grace:
    """Where today stands between the due date and the day the cover is lost."""

    due_on: date
    ends_on: date
    today: date

    @property
    def day_number(self) -> int:
        return (self.today - self.due_on).days

    @property
    def left(self) -> int:
        return (self.ends_on - self.today).days

    @property
    def length(self) -> int:
        return max((self.ends_on - self.due_on).days, 1)


def grace_of(followup: FollowUp, today: date) -> Grace | None:
    instalment = followup.instalment
    if instalment is None or instalment.due_on > today or not instalment.is_owed:
        return None
    return Grace(instalment.due_on, instalment.grace_ends_on, today)


def sentence_gap() -> str:
    """Chinese sets no space after its full stop."""
    return "" if (get_language() or "").startswith("zh") else " "


def sentence(followup: FollowUp, today: date) -> str:
    """Why it stands on today's list, as one would say it."""
    words = money_words.why(followup)
    return sentence_gap().join(filter(None, (words, _of_the_grace(followup, today)))) or _plain(
        followup, today
    )


def _of_the_grace(followup: FollowUp, today: date) -> str:
    """How long the premium has been outstanding, and how long the cover still stands."""
    grace = grace_of(followup, today)
    if grace and grace.day_number > 0 and grace.left >= 0:
        late, left = grace.day_number, grace.left
        outstanding = ngettext(
            "The premium has been outstanding for %(n)s day.",
            "The premium has been outstanding for %(n)s days.",
            late,
        ) % {"n": late}
        ends = ngettext(
            "Grace ends in %(n)s day, and the cover with it.",
            "Grace ends in %(n)s days, and the cover with it.",
            left,
        ) % {"n": left}
        if left == 0:
            ends = _("Grace ends today, and the cover with it.")
        return outstanding + sentence_gap() + ends
    return ""


def _plain(followup: FollowUp, today: date) -> str:
    if followup.rule == FollowUp.AGREED:
        return _("This was agreed with the client for %(day)s.") % {
            "day": in_words(followup.occasion_on)
        }
    told = _SENTENCES.get(followup.series)
    if told is None:
        return str(followup.rule_label)
    on, words = told(followup)
    return str(words) % {"day": in_words(on), "name": followup.client.name}


def _day_of(field: str) -> Callable[[FollowUp], date]:
    """The policy's own date, else the occasion."""

    def day(followup: FollowUp) -> date:
        return getattr(followup.policy, field, None) or followup.occasion_on

    return day


def _sentence(
    words: str | Promise, on: Callable[[FollowUp], date] | None = None
) -> Callable[[FollowUp], tuple[date, str | Promise]]:
    return lambda followup: ((on(followup) if on else followup.occasion_on), words)


def _due(followup: FollowUp) -> date:
    return followup.instalment.due_on if followup.instalment else followup.occasion_on


_SENTENCES = {
    "premium": _sentence(gettext_lazy("The premium falls due on %(day)s."), _due),
    "lapse": _sentence(
        gettext_lazy("The policy lapsed on %(day)s for want of a premium."), _day_of("lapses_on")
    ),
    "reinstate": _sentence(
        gettext_lazy("The policy has lapsed. It can be reinstated until %(day)s."),
        _day_of("reinstate_by"),
    ),
    "cover": _sentence(
        gettext_lazy("The cover ends on %(day)s and is renewed each year."),
        _day_of("covers_until"),
    ),
    "maturity": _sentence(
        gettext_lazy("The policy matures on %(day)s and pays out."), _day_of("matures_on")
    ),
    "birthday": _sentence(gettext_lazy("%(name)s has a birthday on %(day)s.")),
    "delivery": _sentence(
        gettext_lazy("The policy was issued on %(day)s, and no receipt is signed yet."),
        _day_of("issued_on"),
    ),
    "number": _sentence(gettext_lazy("Nobody was reached under the number that we have.")),
    "address": _sentence(gettext_lazy("Nobody was met at the address that we have.")),
    "condolence": _sentence(
        gettext_lazy("%(name)s has died, as we know since %(day)s. The family comes first.")
    ),
    "bequest": _sentence(
        gettext_lazy("%(name)s has died and left policies. The family needs help with the payout.")
    ),
}
