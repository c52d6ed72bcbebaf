"""Where an address lies: province, city, district, street, read from its words alone.

`regions.txt` holds the divisions of the Statistics Bureau (china-division 2.7.0, WTFPL) with the
coordinates of those that GeoNames (CC BY 4.0) places beyond doubt.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LONGEST = 14  # letters of a region's name
PROVINCE_ENDS = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")
ENDS = ("自治州", "自治县", "地区", "新区", "市", "区", "县", "盟", "旗", "州")
OF_A_MUNICIPALITY = ("市辖区", "县")
BETWEEN = re.compile(r"[\s,，、。·;；:：()（）\-—]+")
STREET = re.compile(
    r"^(?:[^\d]{1,8}?(?:街道|镇|乡))?"
    r"(?P<street>[^\d号]{1,14}?(?:大道|大街|路|街|巷|弄|胡同|道))(?P<number>\d{1,5})?"
)
DISTRICT = re.compile(r"^[^\d]{1,6}?[区县]")  # one that the table does not know
BEFORE_THE_NUMBER = re.compile(r"^[^\d]{1,20}")


@dataclass(frozen=True)
class Region:
    """A province, city or district; its code begins with that of what it lies in."""

    code: str
    name: str
    spot: tuple[float, float] | None = None  # latitude, longitude

    @property
    def short(self) -> str:
        """浙江省 as it is also written: 浙江. Empty where nothing would remain."""
        for end in PROVINCE_ENDS if len(self.code) == 2 else ENDS:
            if self.name.endswith(end) and len(self.name) - len(end) >= 2:
                return self.name.removesuffix(end)
        return ""


@dataclass(frozen=True)
class Place:
    """What an address says. What it does not say, or leaves open, is empty."""

    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    number: int | None = None
    code: str = ""  # of the smallest region that is certain
    spot: tuple[float, float] | None = None

    @property
    def city_code(self) -> str:
        return self.code[:4] if len(self.code) >= 4 else ""


@dataclass(frozen=True)
class _Reading:
    """One way to read the beginning of an address."""

    regions: tuple[Region, ...]
    whole: tuple[bool, ...]  # whether each was written out
    rest: str

    @property
    def holds(self) -> bool:
        """A short name is believed where a region written out follows it: 吉林路 is no province."""
        return all(whole or any(self.whole[n:]) for n, whole in enumerate(self.whole))

    @property
    def code(self) -> str:
        return self.regions[-1].code


def read(address: str, home: str = "") -> Place:
    """Read an address. `home` is the code of a city in which a district of a common name lies."""
    text = BETWEEN.sub("", unicodedata.normalize("NFKC", address))
    readings = [one for one in _readings(text) if one.holds]
    best = _best(readings, home)
    if best is None:
        found = DISTRICT.match(text)
        district = found[0] if found else ""
        street, number = _street(text[len(district) :])
        return Place(district=district, street=street, number=number)
    named = {len(region.code): region for region in (*_around(best.code), *best.regions)}
    district = named[6].name if 6 in named else ""
    if not district and (found := DISTRICT.match(best.rest)):
        district = found[0]
    street, number = _street(best.rest.removeprefix(district))
    spot = next((named[n].spot for n in (6, 4) if n in named and named[n].spot), None)
    return Place(
        province=named[2].name,
        city=_name_of_city(named),
        district=district,
        street=street,
        number=number,
        code=best.code,
        spot=spot,
    )


def read_all(addresses: Sequence[str]) -> list[Place]:
    """Read the addresses of one day: a district that many cities have lies where the others are."""
    places = [read(address) for address in addresses]
    cities = [place.city_code for place in places if place.city_code]
    if not cities:
        cities = [code[:4] for address in addresses for code in _possible(address)]
    if not cities:
        return places
    home = max(sorted(set(cities)), key=cities.count)
    return [
        place if place.code else read(address, home)
        for place, address in zip(places, addresses, strict=True)
    ]


def _possible(address: str) -> set[str]:
    text = BETWEEN.sub("", unicodedata.normalize("NFKC", address))
    return {one.code for one in _readings(text) if one.regions and one.holds}


def _best(readings: list[_Reading], home: str) -> _Reading | None:
    """The reading that explains most of the address; None where several do."""
    known = [one for one in readings if one.regions]
    if not known:
        return None
    shortest = min(len(one.rest) for one in known)
    most = [one for one in known if len(one.rest) == shortest]
    if home and len(most) > 1:
        most = [one for one in most if one.code.startswith(home)] or most
    return most[0] if len({one.code for one in most}) == 1 else None


def _readings(text: str) -> Iterator[_Reading]:
    yield from _continued(_Reading((), (), text))


def _continued(reading: _Reading) -> Iterator[_Reading]:
    yield reading
    for region, written, whole in _beginning(reading.rest):
        above = reading.regions[-1] if reading.regions else None
        if above and not (
            len(region.code) > len(above.code) and region.code.startswith(above.code)
        ):
            continue
        yield from _continued(
            _Reading(
                (*reading.regions, region),
                (*reading.whole, whole),
                reading.rest[len(written) :],
            )
        )


def _beginning(text: str) -> Iterator[tuple[Region, str, bool]]:
    names = _by_name()
    for length in range(2, min(LONGEST, len(text)) + 1):
        for region, whole in names.get(text[:length], ()):
            yield region, text[:length], whole


def _around(code: str) -> list[Region]:
    """The regions that this one lies in, and itself."""
    table = regions()
    return [table[code[:n]] for n in (2, 4, 6) if n <= len(code) and code[:n] in table]


def _name_of_city(named: dict[int, Region]) -> str:
    if 4 not in named:
        return ""
    city = named[4].name
    return named[2].name if city in OF_A_MUNICIPALITY else "" if "直辖" in city else city


def _street(rest: str) -> tuple[str, int | None]:
    found = STREET.match(rest)
    if found:
        number = found["number"]
        return found["street"], int(number) if number else None
    place = BEFORE_THE_NUMBER.match(rest)
    return place[0] if place else "", None


@cache
def regions() -> dict[str, Region]:
    table = {}
    for line in (Path(__file__).parent / "regions.txt").read_text("utf-8").splitlines():
        code, name, *spot = line.split()
        table[code] = Region(code, name, (float(spot[0]), float(spot[1])) if spot else None)
    return table


@cache
def _by_name() -> dict[str, list[tuple[Region, bool]]]:
    """Each region under its name and, where that is clear, its short name."""
    names: dict[str, list[tuple[Region, bool]]] = defaultdict(list)
    for region in regions().values():
        if region.name in OF_A_MUNICIPALITY:
            municipality = regions()[region.code[:2]].name
            for written in (region.name, municipality):
                if len(region.code) == 4:
                    names[written].append((region, True))
            continue
        names[region.name].append((region, True))
        if region.short:
            names[region.short].append((region, False))
    return names
