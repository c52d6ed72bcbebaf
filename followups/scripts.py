"""What to say or send: texts with closed placeholders, filled by substitution alone."""

import re
from datetime import date

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Client
from followups.models import FollowUp
from lib import names
from lib.templatetags.ui import day as in_words
from lib.templatetags.ui import money

PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
TEXTS = {
    "premium-coming": gettext_lazy(
        "Hello {name}, this is {agent}. The premium of {amount} for your {product} falls "
        "due on {due}. Please see that the account holds enough by then; if anything has "
        "changed, tell me and I will help."
    ),
    "premium-grace": gettext_lazy(
        "Hello {name}, this is {agent}. The premium of {amount} for your {product}, due on "
        "{due}, has not arrived yet. Paid by {grace_end}, your cover continues without a break. "
        "When may I call you about it?"
    ),
    "lapse": gettext_lazy(
        "Hello {name}, this is {agent}. Your {product} is suspended for want of a premium. "
        "It can be reinstated; I will gladly explain how. When may I call you?"
    ),
    "cover": gettext_lazy(
        "Hello {name}, this is {agent}. The cover of your {product} ends on {due}. "
        "Shall I prepare the renewal so that there is no gap?"
    ),
    "maturity": gettext_lazy(
        "Hello {name}, this is {agent}. Your {product} matures on {due}. "
        "I have the list of papers for the payout; when would it suit you?"
    ),
    "birthday": gettext_lazy(
        "Dear {name}, happy birthday. I wish you and your family health and joy in the "
        "year to come. {agent}"
    ),
    "delivery": gettext_lazy(
        "Hello {name}, this is {agent}. Your new policy {product} is here. "
        "When may I bring it and go through it with you?"
    ),
    "other": gettext_lazy(
        "Hello {name}, this is {agent}. As agreed I am getting in touch. When would it suit you?"
    ),
}


def text_for(followup: FollowUp, speaker: User, today: date) -> str:
    """Fill the text of the follow-up's series. Only these six placeholders are known."""
    values = _values(followup, speaker)
    # In one pass: a name that looks like a placeholder stays a name.
    return PLACEHOLDER.sub(lambda found: values.get(found[0], found[0]), _text(followup, today))


def _text(followup: FollowUp, today: date) -> str:
    return str(TEXTS[_which(followup, today)])


def _which(followup: FollowUp, today: date) -> str:
    if followup.series == "premium":
        late = followup.instalment is not None and followup.instalment.due_on < today
        return "premium-grace" if late else "premium-coming"
    return followup.series if followup.series in TEXTS else "other"


def _values(followup: FollowUp, speaker: User) -> dict[str, str]:
    instalment, policy = followup.instalment, followup.policy
    product = policy.product.name if policy and policy.product else _("policy")
    due_on = instalment.due_on if instalment else _occasion(followup)
    return {
        "{name}": salutation(followup.client),
        "{agent}": speaker.name,
        "{product}": product,
        "{amount}": money(instalment.amount) if instalment else "",
        "{due}": in_words(due_on),
        "{grace_end}": in_words(instalment.grace_ends_on) if instalment else "",
    }


def _occasion(followup: FollowUp) -> date:
    policy = followup.policy
    day = None
    if policy and followup.series == "cover":
        day = policy.covers_until
    if policy and followup.series == "maturity":
        day = policy.matures_on
    return day or followup.occasion_on


def salutation(client: Client) -> str:
    """陈先生 where surname and gender are known; otherwise the name as it is."""
    title = (
        {Client.Gender.MALE: "先生", Client.Gender.FEMALE: "女士"}.get(Client.Gender(client.gender))
        if client.gender
        else None
    )
    surname = names.surname(client.name)
    if title and surname and (get_language() or "").startswith("zh"):
        return f"{surname}{title}"
    return client.name
