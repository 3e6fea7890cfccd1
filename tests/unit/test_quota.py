# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the quota lets all servers of a plan come up: decided for all of them together."""

from __future__ import annotations

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Flavor, Limits, Server
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.quota import quota_findings

TWO = Flavor("m1.two", "f", 2, 100)


def twins(count: int, status: str = "SHELVED_OFFLOADED", first: int = 0) -> list[Server]:
    return [Server(f"id{n}", f"s{n}", status, flavor=TWO) for n in range(first, first + count)]


def texts(servers: list[Server], names: int, **limits: tuple[int, int]) -> list[str]:
    """:param limits: by kind the most and the used."""
    most, used = ({what: pair[index] for what, pair in limits.items()} for index in (0, 1))
    planned = {f"s{n}": TWO for n in range(names)}
    return [str(finding) for finding in quota_findings(Limits(most, used), servers, planned, "site B")]


OTHER = Server("other", "other", "ACTIVE", flavor=TWO)

#: Servers at site B, how many the plan has, limits; what is said.
CASES = {
    "nothing is told": (twins(2), 2, {}, []),
    "no limit": (twins(2), 2, {"cores": (-1, 0), "ram": (-1, 0), "instances": (-1, 2)}, []),
    "just enough": (twins(2), 2, {"cores": (4, 0), "ram": (200, 0), "instances": (2, 2)}, []),
    "cores of all together": (
        [*twins(12), *[OTHER] * 10],
        12,
        {"cores": (40, 20), "ram": (9999, 0)},
        ["the 12 servers that are not up need 24 cores, and 20 of the 40 of the quota of site B are left"],
    ),
    "memory": (
        [*twins(1), OTHER],
        1,
        {"cores": (9, 2), "ram": (150, 100)},
        ["the server that is not up needs 100 MiB of memory, and 50 of the 150 of the quota of site B are left"],
    ),
    "those that run need nothing": ([*twins(1, "ACTIVE"), *twins(1, first=1)], 2, {"cores": (4, 2)}, []),
    "those that are shelved and not offloaded hold theirs": (twins(1, "SHELVED"), 1, {"cores": (2, 2)}, []),
    "counted in the database, shelved ones included": ([*twins(3), OTHER], 3, {"cores": (8, 8)}, []),
    "counted in placement, without them": (
        [*twins(3), OTHER],
        3,
        {"cores": (7, 2)},
        ["the 3 servers that are not up need 6 cores, and 5 of the 7 of the quota of site B are left"],
    ),
    "other projects' shelved servers are not ours to bring up": (twins(3), 1, {"cores": (2, 0)}, []),
    "missing ones need everything": (
        [OTHER],
        2,
        {"cores": (5, 2), "ram": (250, 100), "instances": (2, 1)},
        [
            "the 2 servers that are not up need 4 cores, and 3 of the 5 of the quota of site B are left",
            "the 2 servers that are not up need 200 MiB of memory, and 150 of the 250 of the quota of site B are left",
            "the 2 servers that are not up need 2 instances, and 1 of the 2 of the quota of site B are left",
        ],
    ),
    "a quota that was lowered below what is used": (
        [*twins(1), OTHER],
        1,
        {"cores": (1, 2)},
        ["the server that is not up needs 2 cores, and 0 of the 1 of the quota of site B are left"],
    ),
    "a quota of nothing, and nothing is needed": ([OTHER], 0, {"cores": (0, 2), "instances": (0, 1)}, []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_quota_lacks(case: str) -> None:
    servers, names, limits, expected = CASES[case]
    assert texts(servers, names, **limits) == expected


def test_it_is_told_as_data() -> None:
    (finding,) = quota_findings(Limits({"cores": 1}, {"cores": 0}), twins(1), {"s0": TWO}, "site B")
    assert (finding.what, finding.wanted, finding.seen, finding.blocks) == ("quota of cores", 2, 1, True)
