"""Names as people bear them, and an office with someone to lead it, for a filled book."""

from itertools import chain, repeat

from django.db import connection

from accounts.models import Role, Team, User
from lib import names

# How many of a thousand bear each; the rarer stand for all that have two readings or two characters.
_SURNAMES = """王72 李70 张65 刘52 陈46 杨30 黄24 赵22 吴20 周20 徐16 孙15 马13 朱12 胡12 林11 郭11 何11 高10 罗9
郑9 梁8 谢8 宋7 唐7 许6 邓6 冯6 韩5 曹5 曾5 彭5 萧5 蔡5 潘4 田4 董4 袁4 于4 余4 叶4 蒋4 杜4 苏4 魏4 程4 吕4 丁4 沈4
任4 姚4 卢4 傅3 钟3 姜3 崔3 谭3 廖3 范3 汪3 陆3 金3 石3 戴3 贾3 翟1 覃1 费1 单1 乐1 欧阳1 尉迟1"""
_GIVEN = (
    "伟芳娜敏静秀丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红梅建国文斌婷雪浩宇欣怡子轩梓涵俊晨佳琪思远"
    "志海波峰鹏飞晓东春燕凤云龙小雨天一诺可嘉瑞安康宁倩颖慧莉萍琴青山"
)

NAME = """
CREATE TEMPORARY TABLE surnames (nth serial, name text, pinyin text, first text, second text);
CREATE TEMPORARY TABLE given (nth serial, name text, pinyin text);
INSERT INTO surnames (name, pinyin, first, second) SELECT * FROM unnest(%s, %s, %s, %s);
INSERT INTO given (name, pinyin) SELECT * FROM unnest(%s, %s);
UPDATE clients_client AS c
SET name = s.name || a.name || b.name, pinyin = s.pinyin || a.pinyin || b.pinyin,
    initials = ' ' || s.first || left(a.pinyin, 1) || left(b.pinyin, 1)
        || coalesce(' ' || s.second || left(a.pinyin, 1) || left(b.pinyin, 1), ''),
    client_class = (ARRAY['develop', 'nurture', 'nurture', 'maintain', '', ''])[1 + c.id %% 6],
    agent_id = CASE WHEN c.id %% 50 > 0 THEN c.agent_id END
FROM surnames s, given a, given b
WHERE s.nth = 1 + abs(hashint8(c.id) %% (SELECT count(*) FROM surnames))
    AND a.nth = 1 + abs(hashint8(c.id + 1000000000) %% (SELECT count(*) FROM given))
    AND b.nth = 1 + abs(hashint8(c.id + 2000000000) %% (SELECT count(*) FROM given));
DROP TABLE surnames, given;
"""

GROUPS_OF_A_DEPARTMENT, AGENTS_OF_A_GROUP = 4, 30


def name_everybody() -> None:
    """Name the clients as often as people are named so; give each fiftieth to the orphan pool."""
    borne = [(entry.rstrip("0123456789"), entry) for entry in _SURNAMES.split()]
    each = [repeat(name, int(entry.removeprefix(name))) for name, entry in borne]
    surnames = [(name, *_read(name)) for name in chain.from_iterable(each)]
    given = [(name, names.pinyin(name)) for name in _GIVEN]
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        columns = [
            list(column) for column in (*zip(*surnames, strict=True), *zip(*given, strict=True))
        ]
        cursor.execute(NAME, columns)
        cursor.execute("VACUUM ANALYZE clients_client")


def _read(surname: str) -> tuple[str, str, str | None]:
    first, *more = names.initials(surname).split()
    return names.pinyin(surname).replace(" ", ""), first, more[0] if more else None


def appoint_leaders() -> dict[str, User]:
    """Put the agents into groups and departments; return one person of each kind."""
    branch = Team.objects.get()
    branch.path = ""
    branch.save()
    agents = list(User.objects.filter(role=Role.AGENT).order_by("pk"))
    groups: list[Team] = []
    for n in range(0, len(agents), AGENTS_OF_A_GROUP):
        if len(groups) % GROUPS_OF_A_DEPARTMENT == 0:
            department = Team.objects.create(name=f"营业部{n}", parent=branch, kind="department")
        groups.append(Team.objects.create(name=f"组{n}", parent=department))
        group = [agent.pk for agent in agents[n : n + AGENTS_OF_A_GROUP]]
        User.objects.filter(pk__in=group).update(team=groups[-1])
    leader = User.objects.create_user
    return {
        "agent": agents[0],
        "supervisor": leader("S1", name="主管", role=Role.SUPERVISOR, team=groups[0]),
        "manager of a department": leader(
            "D1", name="部经理", role=Role.MANAGER, team=groups[0].parent
        ),
        "manager": leader("M1", name="总经理", role=Role.MANAGER, team=branch),
        "administrator": leader("B1", name="管理员", role=Role.ADMINISTRATOR),
    }
