"""What to say or send: texts with closed placeholders, filled by substitution alone."""

from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from clients.models import Contact
from followups import people_words
from followups.models import FollowUp
from followups.money_words import remedy_of
from followups.placeholders import about_people, fill
from followups.texts import Text, chosen, office_words
from lib.templatetags.ui import day as in_words
from lib.templatetags.ui import money

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
    "renewal-week": gettext_lazy(
        "Hello {name}, this is {agent}. On {due} the bank collects {amount} for your {product}. "
        "Please let the money lie in the account by then, with a little over."
    ),
    "promise-check": gettext_lazy(
        "Hello {name}, this is {agent}. We agreed that the {amount} for your {product} would be "
        "paid by {promised}; it has not arrived. Can I help? Paid by {grace_end}, your cover "
        "continues."
    ),
    "claim-check": gettext_lazy(
        "Hello {name}, this is {agent}. You told me that the {amount} for your {product} is paid; "
        "it is not booked yet. How did you pay, and when? Then I can ask for it."
    ),
    "failed-money": gettext_lazy(
        "Hello {name}, this is {agent}. The bank could not collect the {amount} for your "
        "{product}: the balance was too low. Please top up the account, with a little over; "
        "paid by {grace_end}, your cover continues."
    ),
    "failed-account": gettext_lazy(
        "Hello {name}, this is {agent}. The bank could not collect the {amount} for your "
        "{product}: the account cannot be debited any more. I will bring a new form to sign; "
        "please have your identity card and bank card at hand. When may I come?"
    ),
    "failed-limit": gettext_lazy(
        "Hello {name}, this is {agent}. The {amount} for your {product} is above the limit of "
        "your account. Please raise the limit, or pay at the counter by {grace_end}."
    ),
    "failed-system": gettext_lazy(
        "Hello {name}, this is {agent}. The bank's system did not collect the {amount} for your "
        "{product}. You need do nothing: it will be tried again, please leave the money there."
    ),
    "failed-other": gettext_lazy(
        "Hello {name}, this is {agent}. The bank could not collect the {amount} for your "
        "{product}. I am finding out why; paid by {grace_end}, your cover continues."
    ),
    "authorise": gettext_lazy(
        "Hello {name}, this is {agent}. The premium of {amount} for your {product} falls due on "
        "{due}, and the bank has no form from you to collect it. I will bring one to sign; "
        "please have your identity card and bank card at hand. When may I come?"
    ),
    "form": gettext_lazy(
        "Hello {name}, this is {agent}. The {amount} for your {product} has been open since "
        "{due}. I would like to hear what stands in the way and note it on our form with you. "
        "When may I come?"
    ),
    "last": gettext_lazy(
        "Hello {name}, this is {agent}. Good news: the {amount} due on {due} is the last premium "
        "of your {product}. After it the cover goes on and nothing more is to pay."
    ),
    "notice": gettext_lazy(
        "Hello {name}, this is {agent}. The premium of {amount} for your {product} has arrived, "
        "thank you. I will bring you the notice; when would it suit you?"
    ),
    "paying-completed": gettext_lazy(
        "Hello {name}, this is {agent}. All premiums of your {product} are paid, thank you. "
        "I would like to show you what it does for you from now on; when would it suit you?"
    ),
    "loan": gettext_lazy(
        "Hello {name}, this is {agent}. The insurer advanced the {amount} for your {product} as "
        "a loan on the policy, so your cover stands. Interest runs until it is paid back; shall "
        "I show you how?"
    ),
    "reinstate": gettext_lazy(
        "Hello {name}, this is {agent}. Your {product} can be reinstated until {reinstate}; "
        "after that it cannot. I will gladly help with the papers. When may I call you?"
    ),
    "develop": gettext_lazy(
        "Hello {name}, this is {agent}. I would like to go through your policies with you once: "
        "what they cover, what they do not, and whether they still fit your family. It takes half "
        "an hour and costs nothing; when would it suit you?"
    ),
    "wedding": gettext_lazy(
        "Dear {name}, happy wedding anniversary. I wish the two of you many more good years "
        "together. {agent}"
    ),
    "family": gettext_lazy(
        "Dear {name}, today is the birthday of {who}. Please give my best wishes; may the whole "
        "family have a lovely day. {agent}"
    ),
    "career": gettext_lazy(
        "Dear {name}, today is {occasion}. Thank you for what you do for all of us; I wish you joy "
        "in your work. {agent}"
    ),
    "life-birth": gettext_lazy(
        "Dear {name}, congratulations on the new child. I hope mother and child are well. When things "
        "have calmed down I would like to come by and bring a small present. {agent}"
    ),
    "life-marriage": gettext_lazy(
        "Dear {name}, congratulations on your wedding. I wish you both a long and happy life "
        "together. {agent}"
    ),
    "life-move": gettext_lazy(
        "Hello {name}, this is {agent}. Congratulations on the new home. May I have the new address, "
        "so that letters and notices reach you? I will see to the change on your policies."
    ),
    "life-home": gettext_lazy(
        "Hello {name}, this is {agent}. Congratulations on the new home, I am glad for you all. When "
        "it is all done I would like to come and see it."
    ),
    "life-job": gettext_lazy(
        "Hello {name}, this is {agent}. Congratulations on the new post, well deserved. If bank "
        "account or address change with it, tell me and I will see to your policies."
    ),
    "life-school": gettext_lazy(
        "Dear {name}, congratulations to you and your child on this step. I wish them every success. "
        "{agent}"
    ),
    "life-retired": gettext_lazy(
        "Dear {name}, congratulations on your retirement. I wish you health and time for what you "
        "love. When it suits you, I will go with you through what your policies pay from now on. "
        "{agent}"
    ),
    "life-illness": gettext_lazy(
        "Dear {name}, I heard that there is illness in the house and wish a good recovery. Please keep "
        "the papers of the hospital: whether your policy pays, and how, I will find out for you. Is "
        "there anything I can do? {agent}"
    ),
    "life-loss": gettext_lazy(
        "Dear {name}, I was very sorry to hear of your loss. My thoughts are with you and your family. "
        "If papers need doing, leave them to me; nothing is urgent. {agent}"
    ),
    "life-divorce": gettext_lazy(
        "Hello {name}, this is {agent}. If anything on your policies is to be changed, such as the "
        "beneficiaries or the account, I will do it with you whenever you like. There is no hurry."
    ),
    "life-other": gettext_lazy(
        "Dear {name}, I heard the news and am thinking of you. Is there anything I can do for you? "
        "{agent}"
    ),
    "identity": gettext_lazy(
        "Hello {name}, this is {agent}. According to our papers your identity card is valid until "
        "{due}. Please send me a photo of the new one when you have it, so that payments are not held "
        "up."
    ),
    "age-18": gettext_lazy(
        "Hello {name}, this is {agent}. {who} comes of age on {due}. From then on they sign for "
        "themselves; I would like to go through the policies with you both. When would it suit you?"
    ),
    "age-60": gettext_lazy(
        "Hello {name}, this is {agent}. You turn sixty on {due}. I would like to show you what your "
        "annuity pays from when on, and what papers it takes. When would it suit you?"
    ),
    "contact": gettext_lazy(
        "Hello {name}, this is {agent}. Once a year I check whether we can still reach you: are phone "
        "and address still the same?"
    ),
    "contact-invalid": gettext_lazy(
        "Hello {name}, this is {agent}. I could not reach you by the number we have. Which phone and "
        "address may I note for your policies?"
    ),
    "greet": gettext_lazy(
        "Hello {name}, this is {agent}. From now on I look after your policies. Nothing about them "
        "changes. May I check whether your phone and address are still right, and tell you how to "
        "reach me?"
    ),
    "meet": gettext_lazy(
        "Hello {name}, this is {agent}. I look after your policies now and would like to meet you "
        "and go through what they cover. Half an hour is enough; when would it suit you?"
    ),
    "review": gettext_lazy(
        "Hello {name}, this is {agent}. Once a year I go through all policies with my clients: what "
        "they cover, what has changed at home, what can stay as it is. Half an hour is enough; when "
        "would it suit you?"
    ),
    "silence": gettext_lazy(
        "Hello {name}, this is {agent}. We have not spoken for a while and I wanted to ask how you "
        "and your family are. If anything about your policies is unclear or has changed, tell me."
    ),
    "half-asleep": gettext_lazy(
        "Hello {name}, this is {agent}. It has been half a year since we last spoke. Have your "
        "telephone, address or plans changed? I will bring your papers up to date; when may I call?"
    ),
    "dormant": gettext_lazy(
        "Hello {name}, this is {agent}. I look after your policies. We have not spoken for over a "
        "year, and I would like to make that good. May I visit you and go through them with you?"
    ),
    "settled": gettext_lazy(
        "Hello {name}, this is {agent}. How are you getting on with your {product}? If a question "
        "has come up since it began, I am glad to answer it."
    ),
    "condolence": gettext_lazy(
        "I have heard of your loss and am very sorry. Please accept my condolences. There is nothing "
        "you need to do about the policies now; when you are ready, I will take care of the papers "
        "with you. {agent}"
    ),
    "bequest": gettext_lazy(
        "This is {agent}. When it suits you, I will go through the policies with you: who receives "
        "what, and which papers are needed. I will bring the forms and help you fill them in."
    ),
    "number": gettext_lazy(
        "Hello {name}, this is {agent}. I could not reach you by phone. Which number is the right "
        "one, and when may I call?"
    ),
    "address": gettext_lazy(
        "Hello {name}, this is {agent}. I did not find you at the address I have. Where may letters "
        "about your policies go, so that none is lost?"
    ),
    "other": gettext_lazy(
        "Hello {name}, this is {agent}. As agreed I am getting in touch. When would it suit you?"
    ),
}


def text_for(
    followup: FollowUp,
    speaker: User,
    today: date,
    channel: str = Contact.Channel.WECHAT,
    own: Iterable[Text] | None = None,
) -> str:
    """Fill the office's words for the follow-up, or the usual ones. `own` spares the reading."""
    key = which(followup, today)
    words = own_words(followup, key, channel, own) or str(TEXTS[key])
    return filled(words, followup, speaker)


def own_words(followup: FollowUp, key: str, channel: str, own: Iterable[Text] | None = None) -> str:
    """What the office says on that channel to a client of that class; empty where nothing of its own."""
    if own is None:
        own = office_words()
    about = [text for text in own if text.occasion == key]
    return chosen(about, followup.client.shown_class, channel)


def filled(text: str, followup: FollowUp, speaker: User) -> str:
    return fill(text, _values(followup, speaker))


def which(followup: FollowUp, today: date) -> str:
    """The key of the text that fits."""
    if followup.rule == "bank-failed" and followup.instalment:
        return f"failed-{remedy_of(followup.instalment.failure)}"
    if followup.series == "life":
        happened = people_words.events_of(followup)
        return f"life-{happened[0].kind if happened else 'other'}"
    if followup.rule in TEXTS:
        return followup.rule
    if followup.series == "premium":
        late = followup.instalment is not None and followup.instalment.due_on < today
        return "premium-grace" if late else "premium-coming"
    return followup.series if followup.series in TEXTS else "other"


def _values(followup: FollowUp, speaker: User) -> dict[str, str]:
    instalment, policy = followup.instalment, followup.policy
    product = policy.product.name if policy and policy.product else _("policy")
    due_on = instalment.due_on if instalment else _occasion(followup)
    return about_people(followup.client, speaker) | {
        "product": product,
        "amount": money(instalment.amount) if instalment else "",
        "due": in_words(due_on),
        "date": in_words(due_on),
        "grace_end": in_words(instalment.grace_ends_on) if instalment else "",
        "promised": in_words(instalment.promised_on) if instalment else "",
        "reinstate": in_words(policy.reinstate_by, "year") if policy else "",
        "who": _whom(followup),
        "occasion": people_words.career_words(followup) if followup.series == "career" else "",
    }


def _whom(followup: FollowUp) -> str:
    """Of the client's family, as the client would hear it: your daughter 乐乐."""
    if followup.series == "family":
        members = people_words.celebrating(followup)
    elif followup.rule == "age-18":
        members = people_words.coming_of_age(followup)
    else:
        return ""
    told = people_words.who(members, inside=True)
    return _("your %(who)s") % {"who": told} if told else _("somebody dear to you")


def _occasion(followup: FollowUp) -> date:
    policy = followup.policy
    day = None
    if policy and followup.series == "cover":
        day = policy.covers_until
    if policy and followup.series == "maturity":
        day = policy.matures_on
    return day or followup.occasion_on
