"""What to say on each channel, and what to answer to what the client may say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Contact
from followups import agenda, scripts
from followups.chips import sentence_gap
from followups.models import FollowUp
from followups.texts import Text, office_words

Channel = Contact.Channel
CHANNELS = (Channel.CALL, Channel.WECHAT, Channel.VISIT)
TO_FAMILY = frozenset(FollowUp.OF_THE_FAMILY)

# Every written text but the wishes begins with this; spoken, something else takes its place.
GREETING = _("Hello {name}, this is {agent}.")
ON_THE_PHONE = _("Hello, is that {name}? This is {agent}. Do you have two minutes?")
AT_THE_DOOR = _("Hello {name}, thank you for making time.")

# On the phone one does not ask when one may call.
ON_THE_PHONE_OF = {
    "premium-grace": _(
        "The premium of {amount} for your {product}, due on {due}, has not arrived yet. "
        "Paid by {grace_end}, your cover continues without a break. On which day will it suit you?"
    ),
    "lapse": _(
        "Your {product} is suspended for want of a premium. It can be reinstated: what is owed is "
        "paid with interest, and the insurer may ask about your health. Shall I prepare the papers?"
    ),
    "reinstate": _(
        "Your {product} can be reinstated until {reinstate}; after that it cannot. "
        "Shall I prepare the papers for you?"
    ),
}
AT_THE_DOOR_OF = {
    "premium": _(
        "About your {product}: the premium of {amount} was due on {due}. Paid by {grace_end}, the "
        "cover continues without a break. Shall we look together at how it is paid most easily?"
    ),
    "premium-coming": _(
        "About your {product}: the next premium of {amount} falls due on {due}. "
        "Shall we check together that the right account is noted and holds enough?"
    ),
    "authorise": _(
        "I have brought the auto-debit form. Please check the name and the account with me; "
        "here is where you sign."
    ),
    "form": _(
        "The {amount} for your {product} has been open since {due}. Tell me what stands in the "
        "way; I note it on this form, and you sign that it is so."
    ),
    "notice": _("Here is the notice for your {product}. Shall I show you what it does for you?"),
    "delivery": _(
        "Here is your policy {product}. Let us go through the cover, the premiums and the "
        "cooling-off days together; then please sign the receipt."
    ),
    "maturity": _(
        "Your {product} matures on {due}. Here is the list of papers; "
        "shall we fill in the application together?"
    ),
    "lapse": _(
        "Your {product} is suspended. Here is what brings it back: the premiums owed with "
        "interest, and a word on your health. Shall we fill it in together?"
    ),
    "cover": _(
        "The cover of your {product} ends on {due}. I have brought the renewal, "
        "so that there is no gap."
    ),
    "birthday": _("Happy birthday. I only came to wish you and your family well."),
}
AT_THE_DOOR_OF |= {"reinstate": AT_THE_DOOR_OF["lapse"]}


@dataclass(frozen=True)
class Answer:
    """What the client may say, and what to answer."""

    says: str | Promise
    answer: str | Promise


MONEY = Answer(
    _("Money is tight"),
    _(
        "I understand. The cover stands until the last day of grace. We can look at paying by "
        "half-year, or at a loan on the policy; shall I work it out for you?"
    ),
)
CANCEL = Answer(
    _("I want to cancel"),
    _(
        "That is your right. Before you decide, let me show what would be paid out today and what "
        "cover would end; then you choose, and I help with the papers either way."
    ),
)
MYSELF = Answer(
    _("I will pay it myself"),
    _("Good. On which day? I note it, and look the day after whether it has arrived."),
)
NO_TIME = Answer(
    _("I have no time"),
    _("Of course. Which day and hour suit you better? I note it and keep to it."),
)
TOO_MUCH = Answer(
    _("What does it cost to bring it back?"),
    _("The premiums owed and the interest. I ask for the exact sum and send it to you in writing."),
)
LEAVE_IT = Answer(
    _("Can I leave the money there?"),
    _(
        "Some products allow it. I look at your contract and tell you what it would bring, and what not."
    ),
)
WHAT_FOR = Answer(
    _("What was this policy for again?"),
    _("I show you on one page whom it covers, for what, and for how long."),
)
WHO_GETS_IT = Answer(
    _("Who receives the money?"),
    _(
        "Whoever is named as beneficiary. I look it up and tell you which papers are needed; there is no hurry."
    ),
)
ANSWERS = {
    "premium": (MONEY, CANCEL, MYSELF),
    "authorise": (MYSELF, NO_TIME),
    "form": (MONEY, CANCEL, MYSELF),
    "lapse": (TOO_MUCH, CANCEL, NO_TIME),
    "reinstate": (TOO_MUCH, CANCEL, NO_TIME),
    "cover": (MONEY, WHAT_FOR),
    "maturity": (LEAVE_IT, NO_TIME),
    "notice": (WHAT_FOR, NO_TIME),
    "delivery": (NO_TIME, WHAT_FOR, CANCEL),
    "last": (WHAT_FOR,),
    "loan": (MONEY, CANCEL),
    "bequest": (WHO_GETS_IT,),
}


@dataclass(frozen=True)
class Talk:
    channel: str
    text: str
    written: str  # what is copied, whichever is looked at
    answers: Sequence[Answer]
    channels: Sequence[tuple[str, str | Promise]] = tuple(
        (one.value, one.label) for one in CHANNELS
    )


def channel_of(asked: str, followup: FollowUp) -> str:
    """The channel that was asked for, else the usual one: wishes are written, the rest is spoken."""
    if asked in CHANNELS:
        return asked
    return Channel.WECHAT if agenda.kind_of(followup) is agenda.CARE else Channel.CALL


def of(followup: FollowUp, speaker: User, today: date, channel: str) -> Talk:
    key = scripts.which(followup, today)
    own = [text for text in office_words() if text.occasion == key]
    written = scripts.text_for(followup, speaker, today, own=own)
    text = written if channel == Channel.WECHAT else _said(followup, speaker, today, channel, own)
    return Talk(channel, text, written, ANSWERS.get(followup.series, ()))


def _said(followup: FollowUp, speaker: User, today: date, channel: str, own: Sequence[Text]) -> str:
    """The office's words for this channel, else the usual ones as they are spoken."""
    key = scripts.which(followup, today)
    if words := scripts.own_words(followup, key, channel, own):
        return scripts.filled(words, followup, speaker)
    return _spoken(followup, speaker, today, channel)


def _spoken(followup: FollowUp, speaker: User, today: date, channel: str) -> str:
    which = scripts.which(followup, today)
    written = str(scripts.TEXTS[which])
    if followup.series in TO_FAMILY or not written.startswith(str(GREETING)):
        return scripts.filled(written, followup, speaker)
    body = written.removeprefix(str(GREETING)).strip()
    if channel == Channel.CALL:
        opening, own = ON_THE_PHONE, ON_THE_PHONE_OF.get(which)
    else:
        opening, own = AT_THE_DOOR, AT_THE_DOOR_OF.get(which) or AT_THE_DOOR_OF.get(followup.series)
    text = sentence_gap().join([str(opening), str(own or body)])
    return scripts.filled(text, followup, speaker)
