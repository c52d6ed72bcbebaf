"""Whose clients a person sees: one's own, the subtree one leads, or everyone's."""

from datetime import date
from typing import Any

import pytest

from accounts.models import Role, Team, User
from accounts.scope import agents_seen_by
from clients.models import Client
from followups.models import FollowUp
from policies.bank import BankRow
from policies.batches import ImportBatch
from policies.models import Instalment, Insurer, Policy

pytestmark = pytest.mark.django_db


def seen(user: Any) -> set[str]:
    return set(Client.objects.visible_to(user).values_list("name", flat=True))


@pytest.fixture
def clients(make_client: Any, alice: Any, carol: Any) -> None:
    make_client(agent=alice, name="甲")
    make_client(agent=carol, name="乙")
    make_client(agent=None, name="丙")


@pytest.mark.usefixtures("clients")
class TestWhoSeesWhom:
    def test_an_agent_sees_own_clients(self, alice: Any, carol: Any) -> None:
        assert (seen(alice), seen(carol)) == ({"甲"}, {"乙"})

    def test_a_supervisor_sees_the_group(self, bob: Any) -> None:
        assert seen(bob) == {"甲"}

    def test_a_manager_sees_the_branch(self, dora: Any) -> None:
        assert seen(dora) == {"甲", "乙"}

    def test_an_administrator_alone_sees_the_orphan_pool(self, admin: Any) -> None:
        assert seen(admin) == {"甲", "乙", "丙"}

    def test_an_auditor_sees_nobody(self, auditor: Any) -> None:
        assert seen(auditor) == set()

    def test_who_leads_no_team_yet_sees_own_clients_only(self, bob: Any, make_client: Any) -> None:
        bob.team = None
        bob.save()
        make_client(agent=bob, name="丁")
        assert seen(bob) == {"丁"}

    def test_an_agent_of_the_same_group_sees_nothing_of_the_colleague(self, group: Any) -> None:
        assert seen(User.objects.create(staff_no="A7", name="同组", team=group)) == set()


def test_a_tree_may_be_of_any_depth(branch: Any, dora: Any, make_client: Any) -> None:
    team = branch
    for n in range(8):
        team = Team.objects.create(name=f"层{n}", parent=team)
    deep = User.objects.create(staff_no="D1", name="深处", team=team)
    make_client(agent=deep, name="深处的客户")
    assert seen(dora) == {"深处的客户"}
    assert team.path.count("/") == 10


def test_a_team_that_moves_takes_its_subtree_along(
    branch: Any, group: Any, alice: Any, bob: Any, make_client: Any
) -> None:
    make_client(agent=alice, name="甲")
    below = Team.objects.create(name="小组", parent=group)
    make_client(agent=User.objects.create(staff_no="A8", name="小组员", team=below), name="戊")
    elsewhere = Team.objects.create(name="滨江部", kind="department", parent=branch)
    head = User.objects.create(staff_no="S9", name="滨江主管", role=Role.SUPERVISOR, team=elsewhere)
    old_head = User.objects.create(
        staff_no="S8", name="西湖主管", role=Role.MANAGER, team=group.parent
    )
    assert (seen(old_head), seen(head)) == ({"甲", "戊"}, set())

    group.parent = elsewhere
    group.save()

    below.refresh_from_db()
    assert below.path == f"/{branch.pk}/{elsewhere.pk}/{group.pk}/{below.pk}/"
    assert (seen(old_head), seen(head)) == (set(), {"甲", "戊"})
    bob.refresh_from_db()
    assert seen(bob) == {"甲", "戊"}


def test_a_team_whose_number_begins_alike_is_another_team(branch: Any, make_client: Any) -> None:
    """ "/1/" must not lead "/12/"."""
    teams = [Team.objects.create(name=f"组{n}", parent=branch) for n in range(12)]
    leaders = [
        User.objects.create(staff_no=f"L{n}", name=f"长{n}", role=Role.SUPERVISOR, team=team)
        for n, team in enumerate(teams)
    ]
    for leader in leaders:
        assert set(agents_seen_by(leader)) == {leader}


def test_policies_premiums_and_follow_ups_follow_their_client(
    alice: Any, carol: Any, bob: Any, admin: Any, auditor: Any, make_client: Any, make_policy: Any,
    make_instalment: Any, make_followup: Any,
) -> None:  # fmt: skip
    client = make_client(agent=alice)
    make_instalment(make_policy(client))
    make_followup(client)
    for model in (Policy, Instalment, FollowUp):
        counts = {user: model.objects.visible_to(user).count() for user in (alice, bob, admin)}
        assert set(counts.values()) == {1}, model
        assert [model.objects.visible_to(user).count() for user in (carol, auditor)] == [0, 0]


def test_a_handed_over_client_takes_the_open_work_along(
    alice: Any, carol: Any, make_client: Any, make_followup: Any
) -> None:
    client = make_client(agent=alice)
    make_followup(client)
    client.agent = carol
    client.save()
    assert FollowUp.objects.visible_to(alice).count() == 0
    assert FollowUp.objects.visible_to(carol).count() == 1


@pytest.mark.parametrize("few", [0, 3, 300])
def test_a_list_shows_exactly_what_is_visible(
    few: int, request: Any, monkeypatch: Any, branch: Any, make_client: Any, make_policy: Any,
    make_instalment: Any, make_followup: Any,
) -> None:  # fmt: skip
    """Whoever looks: at one's own, at few people's, at all but few people's, or at a part of many."""
    monkeypatch.setattr("accounts.scope.FEW", few)
    people = [
        request.getfixturevalue(name)
        for name in ("alice", "bob", "carol", "dora", "admin", "auditor")
    ]
    newcomer = User.objects.create(staff_no="A9", name="未编组")  # in no team yet
    for agent in (*people, newcomer, None):
        client = make_client(agent=agent)
        make_instalment(make_policy(client))
        make_followup(client)
    unknown = {"row": 1, "reference": "P?", "amount": 1, "returned_on": date(2026, 4, 17)}
    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name="bank.xlsx")
    BankRow.objects.create(batch=batch, ok=True, state="unknown", digest="1", **unknown)
    elsewhere = Team.objects.create(name="另一分公司", kind="branch")
    people.append(User.objects.create(staff_no="M9", role=Role.MANAGER, team=elsewhere))
    for user in (*people, newcomer):
        for model in (Client, Policy, Instalment, FollowUp, BankRow):
            rows: Any = model.objects
            visible = set(rows.visible_to(user))
            assert set(rows.listed_for(user)) == visible, (user, model)
            assert set(rows.added_up_for(user)) == visible, (user, model)
