"""No day above capacity while something on it could lie on a day below; what cannot wait stays."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from followups.smoothing import Piece, spread
from tests.conftest import TODAY

A_DAY = timedelta(days=1)
DAYS = [TODAY + n * A_DAY for n in range(20)]

pieces = st.lists(
    st.tuples(st.integers(0, 19), st.integers(0, 12), st.booleans()), max_size=60
).map(
    lambda drawn: [
        Piece(DAYS[day] + keep * A_DAY, DAYS[day], n, flexible)
        for n, (day, keep, flexible) in enumerate(drawn)
    ]
)
days_off = st.sets(st.sampled_from(DAYS))


def window(piece: Piece, off: set[date]) -> list[date]:
    """The days on which it may lie: working days, or where there are none its own."""
    open_days = [day for day in DAYS if piece.day <= day <= piece.until and day not in off]
    return open_days or [piece.day]


@given(pieces, st.integers(1, 5), days_off)
def test_no_day_is_too_full_while_something_on_it_could_move(
    work: list[Piece], capacity: int, off: set[date]
) -> None:
    placed = spread(work, DAYS, capacity, off.__contains__)
    load = {day: list(placed.values()).count(day) for day in DAYS}
    for piece in work:
        on = placed[piece.key]
        if not piece.flexible:
            assert on == piece.day
            continue
        assert on in window(piece, off)
        if load[on] > capacity:
            assert all(load[day] >= capacity for day in window(piece, off))


@given(pieces, st.integers(1, 5), days_off, st.randoms())
def test_the_order_in_which_it_is_told_makes_no_difference(
    work: list[Piece], capacity: int, off: set[date], chance: object
) -> None:
    placed = spread(work, DAYS, capacity, off.__contains__)
    mixed = list(work)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert spread(mixed, DAYS, capacity, off.__contains__) == placed


def test_where_there_is_room_nothing_moves() -> None:
    work = [Piece(TODAY + 9 * A_DAY, TODAY, n, flexible=True) for n in range(3)]
    assert set(spread(work, DAYS, 3, lambda day: False).values()) == {TODAY}


def test_what_is_too_much_goes_to_the_next_working_day() -> None:
    work = [Piece(TODAY + 9 * A_DAY, TODAY, n, flexible=n > 2) for n in range(5)]
    placed = spread(work, DAYS, 3, lambda day: day == TODAY + A_DAY)
    assert [placed[n] for n in range(5)] == [TODAY] * 3 + [TODAY + 2 * A_DAY] * 2
