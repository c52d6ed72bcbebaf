"""Which texts there are: of which service, about what, and which blanks mean something in them."""

from collections.abc import Iterable
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.life import LifeEvent
from followups import scripts, talk
from followups.agenda import TASKS
from followups.models import ServiceItem
from followups.placeholders import ABOUT_PEOPLE, BY_NAME, IN_BRACES
from followups.rulebook import BY_CODE, RULEBOOK, label_of
from followups.rules import Rule
from followups.texts import OCCASIONS, Occasion

LABELS: dict[str, str | Promise] = {
    "premium-coming": _("Premium that falls due"),
    "premium-grace": _("Premium in grace"),
    "failed-money": _("Debit failed: too little money"),
    "failed-account": _("Debit failed: the account"),
    "failed-limit": _("Debit failed: the limit"),
    "failed-system": _("Debit failed: the bank's system"),
    "failed-other": _("Debit failed: another reason"),
    "other": _("Whatever has no text of its own"),
}
OF_A_PREMIUM = frozenset({"product", "amount", "due", "grace_end"})


def occasion_of(code: str) -> Occasion | None:
    """What a text may be written about, by its code."""
    if code in OCCASIONS:
        return OCCASIONS[code]
    return Occasion(code, _label(code), _allowed(code)) if code in scripts.TEXTS else None


def codes_of(item: ServiceItem) -> list[str]:
    """The texts of a service, in the order of the rulebook; what belongs to none is with the own tasks."""
    return _codes()[item]


@cache
def _codes() -> dict[ServiceItem, list[str]]:
    found: dict[ServiceItem, list[str]] = {item: [] for item in ServiceItem}
    for rule in RULEBOOK:
        found[rule.item] += [code for code in _codes_of(rule) if code not in found[rule.item]]
    known = {code for codes in found.values() for code in codes}
    found[ServiceItem.OWN] += [code for code in scripts.TEXTS if code not in known]
    return found


def _codes_of(rule: Rule) -> Iterable[str]:
    """Mirrors `scripts.which`: the texts that work of a rule may be given."""
    if rule.code == "bank-failed":
        return [code for code in scripts.TEXTS if code.startswith("failed-")]
    if rule.series == "life":
        return [code for code in scripts.TEXTS if code.startswith("life-")]
    if rule.code in scripts.TEXTS:
        return [rule.code]
    if rule.series == "premium":
        return ["premium-coming", "premium-grace"]
    return [rule.series] if rule.series in scripts.TEXTS else []


def _label(code: str) -> str | Promise:
    if code in LABELS:
        return LABELS[code]
    if code.startswith("life-"):
        return str(LifeEvent.Kind(code.removeprefix("life-")).label)
    return label_of(code) if code in BY_CODE else TASKS[code]


def _allowed(code: str) -> frozenset[str]:
    """The blanks about people, those of the usual words, and of a premium all that tell about it."""
    usual = [scripts.TEXTS[code]]
    usual += [texts[code] for texts in (talk.ON_THE_PHONE_OF, talk.AT_THE_DOOR_OF) if code in texts]
    blanks = {BY_NAME[name].code for text in usual for name in IN_BRACES.findall(str(text))}
    return ABOUT_PEOPLE | blanks | (OF_A_PREMIUM if "amount" in blanks else frozenset())
