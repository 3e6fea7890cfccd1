# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a replica becomes the root: plan x fallback x what the cloud offers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Offer
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import (
    decide_failover,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.readiness import decide_readiness
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.ways import Chosen, choose
from ansible_collections.standby.openstack.plugins.module_utils.decide.twin.prepare import decide_prepare
from builders import GUARDED, STOCK, refusal
from recovery_builders import PLACEHOLDERS, point, site_of, surroundings, the_plan, twin

ASSUMED = Offer(True, "assumed", "2.96", "3.70")
LACKS = "the target does not advertise the guarded root volume API (os-root-volume is not in its extension list)"
BY_API = "the guarded root volume API of the target is "

CHOICES = {
    ("attach", None, "guarded"): ("attach", BY_API + "advertised"),
    ("attach", None, "assumed"): ("attach", BY_API + "assumed"),
    ("attach", None, "stock"): "no_guarded_api",
    ("attach", "recreate", "guarded"): ("attach", BY_API + "advertised"),
    ("attach", "recreate", "assumed"): ("attach", BY_API + "assumed"),
    ("attach", "recreate", "stock"): "no_guarded_api",
    ("recreate", None, "guarded"): ("recreate", "the plan says so"),
    ("recreate", None, "assumed"): ("recreate", "the plan says so"),
    ("recreate", None, "stock"): ("recreate", "the plan says so"),
    ("recreate", "recreate", "guarded"): ("recreate", "the plan says so"),
    ("recreate", "recreate", "assumed"): ("recreate", "the plan says so"),
    ("recreate", "recreate", "stock"): ("recreate", "the plan says so"),
    ("reimage", None, "guarded"): ("reimage", "the plan says so"),
    ("reimage", None, "stock"): ("reimage", "the plan says so"),
    ("auto", "reimage", "guarded"): ("attach", BY_API + "advertised"),
    ("auto", "reimage", "stock"): ("reimage", f"{LACKS}; the plan's fallback"),
    ("auto", None, "guarded"): ("attach", BY_API + "advertised"),
    ("auto", None, "assumed"): ("attach", BY_API + "assumed"),
    ("auto", None, "stock"): "no_fallback",
    ("auto", "recreate", "guarded"): ("attach", BY_API + "advertised"),
    ("auto", "recreate", "assumed"): ("attach", BY_API + "assumed"),
    ("auto", "recreate", "stock"): ("recreate", f"{LACKS}; the plan's fallback"),
}
OFFERS = {"guarded": GUARDED, "assumed": ASSUMED, "stock": STOCK}


@pytest.mark.parametrize(("handover", "fallback", "offer"), CHOICES)
def test_every_choice(handover: str, fallback: str | None, offer: str) -> None:
    found = choose(the_plan(handover=handover, fallback=fallback), OFFERS[offer], "fail over db to site B")
    expected = CHOICES[handover, fallback, offer]
    verdict = (found.method, found.reason) if isinstance(found, Chosen) else refusal(found).code
    assert verdict == expected


@pytest.mark.parametrize(
    ("handover", "todo"),
    [
        (
            "attach",
            "The handover attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate.",
        ),
        ("auto", "The plan says handover: auto without a fallback. Add fallback: reimage, or fallback: recreate."),
    ],
)
def test_it_says_why_not_and_what_to_do(handover: str, todo: str) -> None:
    found = choose(the_plan(handover=handover), STOCK, "fail over db to site B")
    assert isinstance(found, Refusal)
    assert found.text == f"Refused to fail over db to site B: {LACKS}. {todo}"


@pytest.mark.parametrize(("handover", "fallback", "offer"), CHOICES)
def test_all_operations_choose_alike(handover: str, fallback: str | None, offer: str) -> None:
    """A twin that was prepared for one way and failed over by another would be lost."""
    of, expected = the_plan(handover=handover, fallback=fallback), CHOICES[handover, fallback, offer]
    known = {"status": "reserved", "attached_to": ("twin",)}
    held = tuple(replace(v, metadata={**v.metadata, "standby_fillable": "yes"}, **known) for v in PLACEHOLDERS)
    rests_on = held if expected[0] in ("recreate", "reimage") else ()
    seen, server = twin(rests_on, OFFERS[offer]), of.servers[0]
    prepared = decide_prepare(site_of(seen), server, of)
    what = replace(recovery(seen, (*point(), *rests_on), server), around=surroundings())
    ready = decide_readiness(site_of(seen), what, server, of, lambda time: 0)
    failed_over = decide_failover(what, server, of)
    if isinstance(expected, str):
        assert (refusal(prepared).code, refusal(failed_over).code, refusal(ready).code) == (
            expected,
            expected,
            "not_ready",
        )
        return
    assert isinstance(prepared, Plan)
    assert isinstance(ready, Plan)
    assert isinstance(failed_over, Plan)
    assert (prepared.steps, prepared.extra["handover"], failed_over.extra["handover"]) == ((), expected[0], expected[0])
    done = {step.verb for step in failed_over.foretold} & {"attach_root", "delete_server", "reimage_volume"}
    assert done == {{"attach": "attach_root", "recreate": "delete_server", "reimage": "reimage_volume"}[expected[0]]}
