"""How figures, days and small drawings look on every page; formats are those of docs/pages.md."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

register = template.Library()

NOTHING = "–"
HAN_WEEKDAYS = "一二三四五六日"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
TONES = ("accent", "teal", "plum", "warn", "slate", "ok")

RING_RADIUS = 30
RING_LENGTH = 188.5  # 2πr

Number = int | float | Decimal


OF_APPLE = ("iPhone", "iPad", "Macintosh")


@register.simple_tag(takes_context=True)
def map_url(context: template.Context, address: str) -> str:
    """Opens the map app of the device with the address and nothing else."""
    device = context["request"].headers.get("User-Agent", "")
    opens = "maps://?q=" if any(name in device for name in OF_APPLE) else "geo:0,0?q="
    return opens + quote(address, safe="")


# --- drawings


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """One picture of the sprite; it says nothing to a screen reader, the words beside it do."""
    css_class = f"i {css}".strip()
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        css_class,
        _sprite(),
        name,
    )


@cache
def _sprite() -> str:
    """A long list draws hundreds of pictures, all out of one file."""
    return static("icons.svg")


@register.simple_tag
def ring(done: int, total: int, element_id: str = "") -> SafeString:
    """How much of the day is done: an arc and "5 / 16", a tick when nothing is left."""
    label = gettext("%(done)s of %(total)s done") % {"done": done, "total": total}
    identity = format_html(' id="{}"', element_id) if element_id else SafeString("")
    return format_html(
        '<svg class="ring"{} viewBox="0 0 68 68" role="img" aria-label="{}">'
        '<circle class="track" cx="34" cy="34" r="{}"></circle>{}{}</svg>',
        identity,
        label,
        RING_RADIUS,
        _arc(done, total),
        _ring_text(done, total),
    )


def _arc(done: int, total: int) -> SafeString:
    if not (done and total):
        return SafeString("")
    length = RING_LENGTH * min(done / total, 1)
    return format_html(
        '<circle class="arc" cx="34" cy="34" r="{}" stroke-dasharray="{} 200"'
        ' transform="rotate(-90 34 34)"></circle>',
        RING_RADIUS,
        f"{length:.1f}",
    )


def _ring_text(done: int, total: int) -> SafeString:
    if total and done >= total:
        return SafeString('<path class="tick" d="M24 35l7 7 14-15"></path>')
    return format_html(
        '<text class="n" x="34" y="34">{}</text><text class="of" x="34" y="47">/ {}</text>',
        done,
        total,
    )


@register.simple_tag
def pips(done: int, total: int, label: str = "") -> SafeString:
    """One small square per visit, summary or record the day asks for."""
    squares = format_html_join(
        "", '<i class="{}"></i>', ((("on" if n < done else ""),) for n in range(total))
    )
    name = f"{label} {done}/{total}".strip()
    return format_html('<span class="pips" role="img" aria-label="{}">{}</span>', name, squares)


@register.simple_tag
def level(value: int, steps: int = 5) -> SafeString:
    """Value, coverage or relationship of a client as filled steps; the word stands beside it."""
    marks = format_html_join(
        "", '<i class="{}"></i>', ((("on" if n < value else ""),) for n in range(steps))
    )
    return format_html('<span class="lv" aria-hidden="true">{}</span>', marks)


@register.simple_tag
def bar(value: Number, total: Number, tone: str = "accent") -> SafeString:
    """A thin bar; print the numbers beside it, for it says nothing to a screen reader."""
    return format_html(
        '<span class="bar {}" aria-hidden="true"><i class="{}"></i></span>', tone, at(value, total)
    )


@register.simple_tag
def avatar(name: str, css: str = "") -> SafeString:
    """The first letter on a disc, always in the same colour for the same name."""
    css_class = f"av {tone(name)} {css}".strip()
    return format_html('<span class="{}" aria-hidden="true">{}</span>', css_class, initial(name))


# --- class names that carry a number, since no page may carry an inline style


@register.filter
def at(value: Number | None, total: Number = 100) -> str:
    """`at t3 u1`: 31 percent, as a width or a place; something is never drawn as nothing."""
    percent = 0
    if value and value > 0 and total:
        percent = min(max(round(float(value) * 100 / float(total)), 1), 100)
    tens, units = divmod(percent, 10)
    return f"at t{tens} u{units}"


@register.filter
def heat(percent: Number | None) -> str:
    """The class of a cell in the heat table; below 60 stands out, no figure is hatched."""
    if percent is None:
        return "h-none"
    if percent < 60:
        return "h-low"
    return f"h-{min(int(percent) // 10 * 10, 100)}"


@register.filter
def tone(text: str) -> str:
    """One of six colours, chosen by the letters."""
    return TONES[sum(map(ord, text)) % len(TONES)] if text else "slate"


# --- figures


@register.filter
def money(amount: Number | str | None) -> str:
    """`¥6,820`, `¥6,820.50`; no cents when there are none."""
    if amount is None or amount == "":
        return NOTHING
    exact = Decimal(str(amount)).quantize(Decimal("0.01"))
    sign = "-" if exact < 0 else ""
    figures = f"{abs(exact):,.2f}".removesuffix(".00")
    return f"{sign}¥{figures}"


@register.filter
def percent(share: Decimal | None) -> str:
    """A share of 1 as percent with one decimal; a dash where there is none."""
    return "–" if share is None else f"{share * 100:.1f}"


@register.filter
def wan(amount: Number | str | None) -> str:
    """A sum assured in the words of the language: `20 万`, `1.2 亿`, `¥200k`, `¥1.2m`."""
    if amount is None or amount == "":
        return NOTHING
    exact = Decimal(str(amount))
    units = _HAN_UNITS if _in_chinese() else _ENGLISH_UNITS
    for size, pattern in units:
        if abs(exact) >= size:
            return pattern.format(_short(exact / size))
    return money(exact)


_HAN_UNITS = ((Decimal(100_000_000), "{} 亿"), (Decimal(10_000), "{} 万"))
_ENGLISH_UNITS = ((Decimal(1_000_000), "¥{}m"), (Decimal(1_000), "¥{}k"))


def _short(value: Decimal) -> str:
    """At most one decimal, and none when it is a nought."""
    return f"{value:,.1f}".removesuffix(".0")


# --- days


@register.filter
def day(value: date | None, style: str = "") -> str:
    """`6月12日`, `12 June`; with "short" `12 Jun`; with "year" `2026年6月12日`, `12 June 2026`."""
    if not value:
        return ""
    on = _office_day(value)
    if _in_chinese():
        year = f"{on.year}年" if style == "year" else ""
        return f"{year}{on.month}月{on.day}日"
    month = MONTHS[on.month - 1]
    name = month[:3] if style == "short" else month
    return f"{on.day} {name} {on.year}" if style == "year" else f"{on.day} {name}"


@register.filter
def weekday_day(value: date | None, style: str = "") -> str:
    """`6月12日 周五`, `Fri 12 June`; "long" `6月12日 星期五`, `Friday 12 June`; "short" `Fri 12 Jun`."""
    if not value:
        return ""
    on = _office_day(value)
    if _in_chinese():
        return f"{day(on)} {'星期' if style == 'long' else '周'}{HAN_WEEKDAYS[on.weekday()]}"
    return f"{weekday(on, style)} {day(on, style)}"


@register.filter
def weekday(value: date | None, style: str = "") -> str:
    """`周五`, `Fri`; with "long" `星期五`, `Friday`; with "narrow" `五`, `Fr`."""
    if not value:
        return ""
    number = _office_day(value).weekday()
    if _in_chinese():
        prefix = {"long": "星期", "narrow": ""}.get(style, "周")
        return f"{prefix}{HAN_WEEKDAYS[number]}"
    return WEEKDAYS[number][: {"long": None, "narrow": 2}.get(style, 3)]


@register.filter
def year_month(value: date | None) -> str:
    """`2026年6月`, `June 2026`"""
    if not value:
        return ""
    on = _office_day(value)
    return f"{on.year}年{on.month}月" if _in_chinese() else f"{MONTHS[on.month - 1]} {on.year}"


@register.filter
def month(number: int) -> str:
    """`6月`, `Jun`"""
    return f"{number}月" if _in_chinese() else MONTHS[number - 1][:3]


@register.filter
def iso(value: date | None) -> str:
    """`2026-06-12`, for tables and for `datetime` attributes."""
    return _office_day(value).isoformat() if value else NOTHING


@register.filter
def clock(value: datetime | None) -> str:
    """`09:52`, in office time."""
    if not value:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{local:%H:%M}"


def _office_day(value: date) -> date:
    if not isinstance(value, datetime):
        return value
    return (timezone.localtime(value) if timezone.is_aware(value) else value).date()


# --- words


@register.filter
def tail(number: str) -> str:
    """`尾号 6421`, `…6421`: how a policy or card is called in a sentence."""
    last = str(number).replace(" ", "")[-4:]
    if not last:
        return ""
    return f"尾号 {last}" if _in_chinese() else f"…{last}"


@register.filter
def plainly(value: object) -> str:
    """What the log keeps, without brackets and quotes: `rows 1115, created clients 498`."""
    if isinstance(value, dict):
        pairs = [(str(name), plainly(part)) for name, part in value.items() if part]
        return ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in pairs)
    if isinstance(value, list | tuple):
        return ", ".join(plainly(part) for part in value)
    return NOTHING if value is None or value == "" else str(value)


@register.filter
def initial(name: str) -> str:
    """The letter on an avatar."""
    return str(name).strip()[:1].upper()


@register.simple_tag
def html_lang() -> str:
    """What `lang` says: browsers pick the glyph shapes by region, Django speaks of scripts."""
    return "zh-CN" if _in_chinese() else "en"


@register.simple_tag
def other_language() -> dict[str, str]:
    """The language one click away, and its name as its speakers write it."""
    if _in_chinese():
        return {"code": "en", "short": "EN", "name": "English", "lang": "en"}
    return {"code": "zh-hans", "short": "中", "name": "中文", "lang": "zh-CN"}


@register.filter
def undo_url(message: Any) -> str:
    """Where a message may be taken back; views give it as `extra_tags="undo:/tasks/8/undo/"`."""
    tags = (getattr(message, "extra_tags", "") or "").split()
    return next((tag.removeprefix("undo:") for tag in tags if tag.startswith("undo:")), "")


@register.filter
def more_url(message: Any) -> str:
    """What may follow upon a message; views give it as `extra_tags="more:/clients/8/marks/"`."""
    tags = (getattr(message, "extra_tags", "") or "").split()
    return next((tag.removeprefix("more:") for tag in tags if tag.startswith("more:")), "")


def _in_chinese() -> bool:
    return (get_language() or "").startswith("zh")
