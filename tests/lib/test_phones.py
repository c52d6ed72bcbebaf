import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.phones import parse


@pytest.mark.parametrize(
    ("written", "number", "kind"),
    [
        ("13812342046", "13812342046", "mobile"),
        ("+86 138 1234 2046", "13812342046", "mobile"),
        ("0086-138-1234-2046", "13812342046", "mobile"),
        ("86-13812342046", "13812342046", "mobile"),
        ("8613812342046", "13812342046", "mobile"),
        ("１３８１２３４２０４６", "13812342046", "mobile"),
        ("(86)13812342046", "13812342046", "mobile"),
        ("'13812342046", "13812342046", "mobile"),
        ("013812342046", "13812342046", "mobile"),
        ("0571-88082046", "0571-88082046", "landline"),
        ("057188082046", "0571-88082046", "landline"),
        ("（0571）8808 2046", "0571-88082046", "landline"),
        ("+86 571 88082046", "0571-88082046", "landline"),
        ("+86-10-62345678", "010-62345678", "landline"),
        ("010-62345678转8001", "010-62345678-8001", "landline"),
        ("010-62345678 ext. 8001", "010-62345678-8001", "landline"),
        ("010-62345678-8001", "010-62345678-8001", "landline"),
        ("0951-8808204", "0951-8808204", "landline"),
        ("+852 9123 4567", "+85291234567", "mobile"),
        ("00852-91234567", "+85291234567", "mobile"),
        ("+1 (415) 555-2671", "+14155552671", "mobile"),
    ],
)
def test_one_form_for_each_phone(written, number, kind):
    assert parse(written) == (number, kind)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12345",
        "1381234204",
        "138123420466",
        "12812342046",
        "13812342046/13912342046",
        "13812342046 13912342046",
        "无",
        "停机",
        "1.38123E+10",
        "010-123",
        "95500",
        "400-810-8888",
        "8008108888",
        "13812342046转8001",
        "+8613812",
    ],
)
def test_what_is_no_phone_or_more_than_one_is_none(written):
    assert parse(written) is None


@given(st.text(alphabet="0123456789+-() 转ext.０１", max_size=24))
def test_a_normal_form_is_its_own_normal_form(text):
    phone = parse(text)
    if phone:
        assert parse(phone.number) == phone
