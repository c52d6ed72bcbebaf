"""The order of a day's visits beside that of OR-Tools, on the same days and by the same measure.

OR-Tools is no part of the development packages (190 MB): `pip install ortools==9.15.6755`, then
`.venv/bin/python -m bench.routes`. Without it only the order of the addresses is compared.
"""

import json
import time
from collections.abc import Sequence
from random import Random
from statistics import median

from lib import driving, places, tours
from lib.tours import Minutes, Visit

DAYS, SECONDS = 50, 1
STREETS = (
    "西湖区文三路 西湖区古翠路 西湖区天目山路 拱墅区湖墅南路 拱墅区莫干山路 上城区解放路 上城区庆春路 "
    "滨江区江南大道 余杭区文一西路 萧山区市心路 临平区迎宾路"
).split()


def day(rng: Random, count: int) -> tuple[list[str], list[Visit], Minutes]:
    addresses = [f"{rng.choice(STREETS)}{rng.randrange(1, 900)}号" for _ in range(count)]
    read = places.read_all(addresses)
    way = [[0 if a is b else driving.minutes(a, b) for b in read] for a in read]
    visits = [
        Visit(
            at=rng.randrange(0, count * 50, 30) if rng.random() < 0.15 else None,
            weight=rng.choice([0, 0, 0, 1, 2]),
        )
        for _ in range(count)
    ]
    return addresses, visits, way


def by_address(addresses: Sequence[str]) -> list[int]:
    return sorted(range(len(addresses)), key=lambda n: addresses[n])


def main() -> None:
    for count in (6, 12, 16):
        rng, took, beside, ways = Random(count), [], [], []
        for _day in range(DAYS):
            addresses, visits, way = day(rng, count)
            started = time.process_time()
            ours = tours.cost(tours.best_order(visits, way), visits, way)
            took.append(time.process_time() - started)
            ways.append(ours / tours.cost(by_address(addresses), visits, way))
            if solver := solved(visits, way):
                beside.append(ours / tours.cost(solver, visits, way))
        line = {
            "name": f"route of {count}",
            "ours_s": round(median(took), 4),
            "slowest_s": round(max(took), 4),
        }
        line |= {"of_address_order": round(median(ways), 3), "worst_of_it": round(max(ways), 3)}
        if beside:
            line |= {
                "of_solver": round(median(beside), 4),
                "worst_of_solver": round(max(beside), 4),
            }
        print(json.dumps(line), flush=True)


def solved(visits: Sequence[Visit], way: Minutes) -> list[int]:
    """What OR-Tools makes of it in a second: nothing if it is not there."""
    try:
        from ortools.constraint_solver import pywrapcp, routing_enums_pb2
    except ImportError:
        return []
    count, scale = len(visits), 20  # its costs are whole numbers
    manager = pywrapcp.RoutingIndexManager(count + 1, 1, count)
    model = pywrapcp.RoutingModel(manager)

    def transit(origin: int, target: int) -> int:
        a, b = manager.IndexToNode(origin), manager.IndexToNode(target)
        if a == count:
            return 0
        return round(visits[a].stay + (0 if b == count else way[a][b]))

    index = model.RegisterTransitCallback(transit)
    model.AddDimension(index, 10_000, 100_000, True, "clock")
    clock = model.GetDimensionOrDie("clock")
    clock.SetSpanCostCoefficientForAllVehicles(scale)
    for n, visit in enumerate(visits):
        node = manager.NodeToIndex(n)
        hurry = round(tours.HURRY * visit.weight * scale)
        if visit.at is not None:
            clock.CumulVar(node).SetMin(round(visit.at))
            clock.SetCumulVarSoftUpperBound(
                node, round(visit.at), round(tours.LATE * scale) + hurry
            )
        elif hurry:
            clock.SetCumulVarSoftUpperBound(node, 0, hurry)
    asked = pywrapcp.DefaultRoutingSearchParameters()
    asked.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    asked.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    asked.time_limit.seconds = SECONDS
    found = model.SolveWithParameters(asked)
    order, node = [], model.Start(0)
    while found and not model.IsEnd(node):
        node = found.Value(model.NextVar(node))
        if not model.IsEnd(node):
            order.append(manager.IndexToNode(node))
    return order


if __name__ == "__main__":
    main()
