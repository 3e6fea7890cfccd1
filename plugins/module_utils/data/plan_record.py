# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a plan at a site: which run holds the plan, and what no server or volume can tell of it.

It is the description of a security group without further use. Every member of a project can make one, and Neutron
changes it only if nobody else has changed it meanwhile (https://docs.openstack.org/api-ref/network/v2/#revisions).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .texts import object_in, one_line

#: Seconds after its last sign of life for which a run holds a plan.
LEASE = 60

#: The shortest and the longest lease. Else whoever can write into a record could hold the plan for ever by one request.
LEASES = range(1, 601)

#: How many characters Neutron takes (neutron-lib, DESCRIPTION_FIELD_SIZE), and how many of a name are kept.
LARGEST, LONGEST_NAME = 255, 30

#: What else a record tells of its plan: when the last failover to this site began, after how many seconds everything
#: was up ("" if not everything came up), and which form of the plan was used last.
FAILOVER, TOOK, PLAN_HASH = "failed_over", "took", "plan"
FACTS = (FAILOVER, TOOK, PLAN_HASH)

#: Keys of a plan that may hold secrets. Those of clouds may also hold just a name.
CLOUDS = frozenset({"cloud", "admin_cloud"})
SECRET = CLOUDS | {"user_data"}

#: Begins the name of each record.
PREFIX = "standby.openstack record of "


@dataclass(frozen=True)
class Holder:
    """A run that holds a plan.

    :param lease: seconds after its last sign of life after which it counts as dead.
    :param beat: the number of that sign.
    """

    run: str
    operation: str
    user: str
    host: str
    lease: int = LEASE
    beat: int = 0


#: In the place of a holder that cannot be read. Somebody has changed the description by hand; the run may live.
UNKNOWN = Holder("", "", "", "")


@dataclass(frozen=True)
class Move:
    """Several runs that hold a plan one after the other, and let nobody in between.

    :param id: names the move in records; "" for none.
    :param last: whether the run is the last one.
    """

    id: str = ""
    last: bool = False


@dataclass(frozen=True)
class Record:
    """One record, as Neutron shows it.

    :param revision: the number of changes that Neutron counts.
    :param made: when, by the clock of the cloud.
    :param renewed: when it was last changed, by the clock of the cloud.
    """

    id: str
    revision: int
    made: str
    renewed: datetime
    holder: Holder | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def lock_name(plan: str, lock: str) -> str:
    """What is held. With "+", the drill of "shop" does not hold a plan "shop-drill".

    :param lock: that of the operation, see operations.py.
    """
    return plan if lock == "plan" else f"{plan}+{lock}"


def record_name(plan: str, lock: str) -> str:
    """The name of the security group, see `lock_name`."""
    return f"{PREFIX}{lock_name(plan, lock)}"[:LARGEST]


def form_of(plan: Mapping[str, Any]) -> str:
    """Tells one form of a plan from others. Members can read it, and could try guesses: so secrets are left out.

    :param plan: as the user wrote it.
    """
    return hashlib.sha256(json.dumps(_public(plan), sort_keys=True, default=str).encode()).hexdigest()[:16]


def _public(value: Any) -> Any:
    """Without what may hold a password: user data, and clouds that are more than a name."""
    if isinstance(value, Mapping):
        kept = {
            key: item for key, item in value.items() if key not in SECRET or (isinstance(item, str) and key in CLOUDS)
        }
        return {key: _public(item) for key, item in kept.items()}
    return [_public(item) for item in value] if isinstance(value, (list, tuple)) else value


def written(holder: Holder | None, facts: Mapping[str, str]) -> str:
    """The description. Names are cut, so that all of it fits."""
    held = {} if holder is None else {name: _cut(value) for name, value in vars(holder).items()}
    return json.dumps({**{name: facts[name] for name in FACTS if name in facts}, **held}, separators=(",", ":"))


def _cut(value: Any) -> Any:
    """As many characters as fit. JSON writes some of them as six."""
    if not isinstance(value, str):
        return value
    while len(json.dumps(value)) > LONGEST_NAME:
        value = value[:-1]
    return value


def read(text: str) -> tuple[Holder | None, Mapping[str, str]]:
    """The holder and the facts of a description."""
    found = object_in(text)
    if found is None:
        return UNKNOWN, {}
    facts = {name: found[name] for name in FACTS if isinstance(found.get(name), str)}
    return _holder({name: value for name, value in found.items() if name not in FACTS}), facts


def _holder(found: Mapping[str, Any]) -> Holder | None:
    if not found:
        return None
    texts = all(isinstance(found.get(name), str) for name in ("run", "operation", "user", "host"))
    numbers = found.get("lease") in LEASES and found.get("beat") in range(1 << 31)
    if not (texts and numbers and found.keys() == vars(UNKNOWN).keys()):
        return UNKNOWN
    parts: dict[str, Any] = {key: one_line(value) if isinstance(value, str) else value for key, value in found.items()}
    return Holder(**parts)
