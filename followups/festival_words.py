"""What is said on each festival until the office writes its own words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

USUAL: dict[str, str | Promise] = {
    "new-year": _(
        "Dear {name}, the new year is here. May it bring you and your family health and all you "
        "hope for. {agent}"
    ),
    "eve": _(
        "Dear {name}, tonight the old year ends. Thank you for your trust in it; a good evening "
        "with your family, and a happy new year. {agent}"
    ),
    "spring": _(
        "Dear {name}, a happy Spring Festival. I wish you and your family health, peace and joy "
        "in the new year. {agent}"
    ),
    "lantern": _(
        "Dear {name}, a happy Lantern Festival. May your family be together and well. {agent}"
    ),
    "women": _(
        "Dear {name}, all the best on Women's Day: health, joy and time of your own. {agent}"
    ),
    "qingming": _(
        "Dear {name}, Qingming is near. If you travel, mind the road and the weather; I wish you "
        "and your family well. {agent}"
    ),
    "labour": _("Dear {name}, you work hard all year. Rest well on Labour Day. {agent}"),
    "mother": _("Dear {name}, a happy Mother's Day. Your family is lucky to have you. {agent}"),
    "nurse": _(
        "Dear {name}, on Nurses' Day my respect and thanks. Look after yourself as you look after "
        "others. {agent}"
    ),
    "children": _(
        "Dear {name}, a happy Children's Day to your child. May your little one grow up healthy "
        "and glad. {agent}"
    ),
    "dragon-boat": _(
        "Dear {name}, the Dragon Boat Festival wishes you and your family well. {agent}"
    ),
    "father": _("Dear {name}, a happy Father's Day. The home leans on you: stay well. {agent}"),
    "qixi": _("Dear {name}, a happy Qixi. I wish you both many good years together. {agent}"),
    "teacher": _(
        "Dear {name}, on Teachers' Day thank you for what you give to so many. Stay well. {agent}"
    ),
    "mid-autumn": _(
        "Dear {name}, a happy Mid-Autumn Festival. May the moon find your family together and "
        "well. {agent}"
    ),
    "national": _(
        "Dear {name}, a good National Day holiday, and a safe journey if you go. {agent}"
    ),
    "double-ninth": _(
        "Dear {name}, on the Double Ninth Festival I wish you good health and a long life. {agent}"
    ),
    "journalist": _(
        "Dear {name}, on Journalists' Day my respect for your work. Stay well on the road. {agent}"
    ),
}
USUAL_OF_ANY = _("Dear {name}, all the best on {festival} to you and your family. {agent}")
# On a card the name stands above and the sender below.
USUAL_CARD = _("Wishing you and your family health, peace and joy on {festival}.")
