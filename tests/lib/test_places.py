"""Addresses as people write them; what is not certain is left open."""

import pytest

from lib.places import Place, read, read_all


@pytest.mark.parametrize(
    ("address", "region", "street"),
    [
        ("浙江省杭州市西湖区文三路259号2幢", "330106", ("文三路", 259)),
        ("杭州西湖区 古墩路 673 号", "330106", ("古墩路", 673)),
        ("浙江省，杭州市（余杭区）仓前街道文一西路９６９号", "330110", ("文一西路", 969)),
        ("北京市市辖区朝阳区建国路88号", "110105", ("建国路", 88)),
        ("上海浦东新区张杨路500号", "310115", ("张杨路", 500)),
        ("江苏省昆山市前进路1号", "320583", ("前进路", 1)),
        ("内蒙古呼和浩特市新城区成吉思汗大街8号", "150102", ("成吉思汗大街", 8)),
        ("朝阳市双塔区", "211302", ("", None)),
        ("湖北仙桃市沔阳大道", "429004", ("沔阳大道", None)),
        ("杭州市江干区钱江路1号", "3301", ("钱江路", 1)),  # a district there is no more
        ("吉林路12号", "", ("吉林路", 12)),  # no province
        ("朝阳区建国路88号", "", ("建国路", 88)),  # of Beijing or of Changchun
        ("鼓楼区中山北路1号", "", ("中山北路", 1)),
        ("", "", ("", None)),
    ],
)
def test_an_address_says_where_it_lies(address: str, region: str, street: tuple[str, int]) -> None:
    place = read(address)
    assert (place.code, (place.street, place.number)) == (region, street)


def test_a_district_that_is_not_certain_keeps_its_name() -> None:
    assert read("朝阳区建国路88号").district == "朝阳区"
    assert read("杭州市江干区钱江路1号").district == "江干区"


def test_the_others_of_the_day_tell_which_city_is_meant() -> None:
    meant, near = read_all(["西湖区文三路1号", "拱墅区湖墅南路2号"])
    assert (meant.city, near.city) == ("杭州市", "杭州市")
    meant, _far = read_all(["西湖区文三路1号", "江西省南昌市东湖区八一大道1号"])
    assert meant.city == "南昌市"


def test_coordinates_are_those_of_the_smallest_region_that_has_some() -> None:
    assert read("深圳市南山区科苑路15号").spot == (22.53, 113.93)
    assert read("杭州市江干区钱江路1号").spot == read("杭州市").spot
    assert Place().spot is None
