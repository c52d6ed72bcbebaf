"""How far apart two places are, guessed from their addresses. It is a guess and has to be called one."""

import math

from lib.places import Place

DETOUR = 1.35  # of a road over the straight line
KM_A_DEGREE = 111.2
KM_A_NUMBER = 0.006  # of a street
# Kilometres where nothing better is known than what the two have in common.
SAME_STREET, SAME_DISTRICT, SAME_CITY, SAME_PROVINCE, ELSEWHERE = 1.0, 4.0, 12.0, 150.0, 600.0
LONGEST_STREET = 3.0
TO_PARK = 4  # minutes at each end together
IN_TOWN, OUT_OF_TOWN = 2.4, 0.9  # minutes a kilometre
TOWN = 25  # kilometres


def kilometres(one: Place, other: Place) -> float:
    """The way between two places, as far as their addresses tell."""
    if one.code and other.code and one.code != other.code:
        return _between_regions(one, other)
    if not one.code and one.district != other.district and one.district and other.district:
        return SAME_CITY
    if one.code == other.code and one.district == other.district:
        return _within(one, other)
    return SAME_CITY


def minutes(one: Place, other: Place) -> int:
    """By car, with the search for a place to leave it."""
    km = kilometres(one, other)
    return round(TO_PARK + min(km, TOWN) * IN_TOWN + max(km - TOWN, 0) * OUT_OF_TOWN)


def _within(one: Place, other: Place) -> float:
    if not one.street or one.street != other.street:
        return SAME_DISTRICT if one.district else SAME_CITY
    if one.number is None or other.number is None:
        return SAME_STREET
    return min(0.2 + abs(one.number - other.number) * KM_A_NUMBER, LONGEST_STREET)


def _between_regions(one: Place, other: Place) -> float:
    if one.spot and other.spot and one.spot != other.spot:
        return max(_straight(one.spot, other.spot) * DETOUR, SAME_DISTRICT)
    if one.city_code and one.city_code == other.city_code:
        return SAME_CITY
    return SAME_PROVINCE if one.code[:2] == other.code[:2] else ELSEWHERE


def _straight(one: tuple[float, float], other: tuple[float, float]) -> float:
    north = (one[0] - other[0]) * KM_A_DEGREE
    east = (one[1] - other[1]) * KM_A_DEGREE * math.cos(math.radians((one[0] + other[0]) / 2))
    return math.hypot(north, east)
