"""The day pack as a PDF, set by Typst with a font that is shipped: nothing of the machine is needed."""

import json
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn as fonts
import typst
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from followups import chips
from followups.day_pack import DayPack, Line, Section
from followups.tools import Taken
from lib.masking import mask_phone
from lib.templatetags.ui import clock, day, money, tail, weekday
from policies.notices import Notice

SET_BY = Path(settings.BASE_DIR) / "templates/followups/day_pack.typ"


def pdf_of(pack: DayPack) -> bytes:
    """Texts travel as data: whatever stands in a name is set as it was typed."""
    made: bytes = typst.compile(
        str(SET_BY),
        font_paths=[str(fonts.sans_path().parent)],
        ignore_system_fonts=True,
        sys_inputs={"pack": json.dumps(_content(pack))},
    )
    return made


def _content(pack: DayPack) -> dict[str, Any]:
    agenda = pack.agenda
    return {
        "lang": "zh" if (get_language() or "").startswith("zh") else "en",
        "words": _words(),
        "title": _("Day pack of %(day)s") % {"day": day(agenda.day)},
        "head": [
            f"{agenda.agent} {agenda.agent.staff_no}",
            f"{weekday(agenda.day)} {chips.lunar_words(agenda.day)}",
            f"{_('Printed')} {pack.printed_at:%m-%d} {clock(pack.printed_at)}",
        ],
        "tools": [[taken.name, str(taken.count)] for taken in pack.tools],
        "map": render_to_string("followups/_route_map.html", {"map": pack.map}),
        "legs": _legs(pack),
        "sections": [_section(section) for section in pack.sections],
        "notices": [_notice(notice) for notice in pack.notices],
        "cards": [[card.opening, card.words] for card in pack.cards],
        "posted": [
            [c.postcode, c.address, _("To %(name)s") % {"name": c.name}] for c in pack.posted
        ],
    }


def _words() -> dict[str, str]:
    return {
        "tools": _("Take with you today"),
        "route": _("Route"),
        "guesses": _("ways and times are guesses"),
        "client": _("Client"),
        "service": _("Service"),
        "bring": _("Bring"),
        "done": _("Done"),
        "notes": _("Notes"),
        "outcome": _("Outcome"),
        "summary": _("Summary of the day"),
        "checked": _("Checked by the supervisor"),
        "nothing": _("Nothing scheduled for this day"),
        "posted": _("To be posted: address labels"),
        "internal": _("Internal. Shred after use."),
        "agent": _("Agent"),
        "received": _("Received by (signature)"),
        "date": _("Date"),
    }


def _legs(pack: DayPack) -> list[list[str]]:
    return [
        [
            str(leg.number),
            f"{leg.agreed:%H:%M}" if leg.agreed else f"~{leg.starts:%H:%M}",
            leg.stop.names,
            " ".join(filter(None, [leg.region, leg.where.street])),
            "" if leg.drive is None else _("%(n)s min") % {"n": leg.drive},
        ]
        for leg in pack.route.legs
    ]


def _section(section: Section) -> dict[str, Any]:
    greetings = [
        [str(line.campaign.festival), f"{line.left} · {day(line.campaign.on)}"]
        for line in section.campaigns
    ]
    return {
        "title": f"{section.title} · {len(section.lines)}",
        "lines": [_line(line) for line in section.lines],
        "greetings": greetings,
    }


def _line(line: Line) -> dict[str, Any]:
    stop, client = line.stop, line.stop.client
    policy = stop.lead.policy
    agreed = f"{line.leg.agreed:%H:%M} " if line.leg and line.leg.agreed else ""
    return {
        "number": str(line.number),
        "name": stop.names,
        "about": [
            mask_phone(client.mobile),
            client.address,
            tail(policy.policy_no) if policy else "",
        ],
        "service": agreed + stop.service_words,
        "why": " · ".join(str(chip.text) for chip in stop.chips),
        "amount": money(stop.amount) if stop.amount else "",
        "tools": [_counted(taken) for taken in line.tools],
        "visited": line.leg is not None,
        "qr": str(line.qr),
    }


def _counted(taken: Taken) -> str:
    return f"{taken.name} × {taken.count}" if taken.count > 1 else taken.name


def _notice(notice: Notice) -> dict[str, Any]:
    policy, premium = notice.policy, notice.premium
    return {
        "title": str(notice.title),
        "head": f"{policy.insurer.name} · {day(notice.today, 'year')}",
        "facts": [
            [_("Policyholder"), policy.holder.name],
            [_("Policy number"), policy.policy_no],
            [_("Product"), str(policy.product or "–")],
            [_("Insured"), policy.insured_name or policy.holder.name],
            [_("Premium"), f"{money(premium.amount)} · {policy.get_premium_mode_display()}"],
            [_("Due on"), day(premium.due_on, "year")],
        ],
        "dear": _("Dear %(name)s,") % {"name": policy.holder.name},
        "paragraphs": list(notice.paragraphs),
        "papers": [str(paper) for paper in notice.papers],
        "agent": str(policy.holder.agent or ""),
    }
