"""Every rule, each part of the book in a module of its own. Days are counted from the occasion."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from followups.festivals import SUBJECT
from followups.models import FollowUp
from followups.rulebook import days_of_life, keeping_touch, policies, premiums, serving
from followups.rules import Rule

RULEBOOK: list[Rule] = [
    *premiums.RULES,
    *policies.RULES,
    *keeping_touch.RULES,
    *days_of_life.RULES,
    *serving.RULES,
]

BY_CODE = {rule.code: rule for rule in RULEBOOK}
PROACTIVE = [rule.code for rule in RULEBOOK if rule.proactive]


def behind(gate: str) -> list[str]:
    """The rules that ask it."""
    return [rule.code for rule in RULEBOOK if gate in dict(rule.gates)]


def may_wait(code: str) -> bool:
    """Whether what the rule asks for may be done on another day than the first."""
    return code in BY_CODE and BY_CODE[code].flexible


AFTER_AN_ENTRY = {
    FollowUp.AGREED: _("Agreed with the client"),
    FollowUp.NUMBER: _("Find the right number"),
    FollowUp.ADDRESS: _("Find the new address"),
    SUBJECT: _("Festival greeting"),
}


def label_of(code: str) -> str | Promise:
    """The name of a rule in words; what follows an entry has no line in the book."""
    if code in AFTER_AN_ENTRY:
        return AFTER_AN_ENTRY[code]
    return BY_CODE[code].label if code in BY_CODE else code
