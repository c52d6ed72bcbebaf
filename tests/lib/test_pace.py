from lib.pace import Pace


def test_beyond_the_pace_one_waits():
    pace = Pace(times=2, seconds=10)
    assert [pace.allows("a", now) for now in (0, 1, 2, 10, 11)] == [True, True, False, True, True]


def test_each_key_has_its_own_pace():
    pace = Pace(times=1, seconds=10)
    assert pace.allows("a", 0)
    assert pace.allows("b", 0)
    assert not pace.allows("a", 1)


def test_only_so_many_keys_are_remembered():
    pace = Pace(times=1, seconds=10, most=2)
    for key in "abc":
        pace.allows(key, 0)
    assert pace.allows("a", 1), "forgotten, since b and c were asked later"
    assert not pace.allows("c", 1)
