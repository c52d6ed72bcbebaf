"""What is said to one client on a festival: their own words, the office's, or the usual ones, filled."""

from collections.abc import Sequence

from accounts.models import User
from clients.models import Contact
from followups.festival_words import USUAL, USUAL_CARD, USUAL_OF_ANY
from followups.festivals import Festival
from followups.greetings import Greeting
from followups.placeholders import about_people, fill
from followups.texts import Text, chosen
from lib.templatetags.ui import day as in_words


def words_for(greeting: Greeting, texts: Sequence[Text], speaker: User, channel: str) -> str:
    """`texts` are those in force for the festival; what somebody wrote for this client comes first."""
    if greeting.words:
        return greeting.words
    client, campaign = greeting.client, greeting.campaign
    words = chosen(texts, client.shown_class, channel) or usual(campaign.festival, channel)
    about = {"festival": str(campaign.festival), "date": in_words(campaign.on)}
    return fill(words, about_people(client, speaker) | about)


def usual(festival: Festival, channel: str) -> str:
    """What is said until the office writes its own words."""
    if channel == Contact.Channel.CARD:
        return str(USUAL_CARD)
    return str(USUAL.get(festival.code, USUAL_OF_ANY))
