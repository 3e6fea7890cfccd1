# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dr_wave takes, as an argument specification: made from its documentation, so that options stand in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

from ..doc_fragments.cloud import ModuleDocFragment as Cloud
from ..doc_fragments.recovery_plan import ModuleDocFragment as Plan
from ..module_utils.providers import PROVIDERS
from ..modules.dr_wave import DOCUMENTATION
from ..modules.recovery_plan_info import DOCUMENTATION as INFO

#: What a specification says of an option and documentation cannot. A default beside apply_defaults would be the very
#: dictionary that the validator fills in. Which methods there are is what the registry knows.
_UNDOCUMENTED: Mapping[str, Mapping[str, Any]] = {
    "user_data": {"no_log": True},
    "replication": {"apply_defaults": True},
    "method": {"choices": list(PROVIDERS)},
}

_KEYS = ("type", "elements", "required", "default", "choices", "aliases")


def specification(options: Mapping[str, Any]) -> dict[str, Any]:
    """The argument specification of documented options."""
    return {name: _option(name, option) for name, option in options.items()}


def _option(name: str, option: Mapping[str, Any]) -> dict[str, Any]:
    suboptions = {"options": specification(option["suboptions"])} if "suboptions" in option else {}
    kept = {key: option[key] for key in _KEYS if key in option}
    return {**kept, **suboptions, **_UNDOCUMENTED.get(name, {})}


def _documented(*texts: str) -> dict[str, Any]:
    return {name: option for text in texts for name, option in yaml_load(text)["options"].items()}


#: All options of dr_wave.
WAVE_OPTIONS = specification(_documented(DOCUMENTATION, Cloud.GUARDED, Plan.DOCUMENTATION, Plan.RUN))

#: All options of recovery_plan_info.
INFO_OPTIONS = specification(_documented(INFO, Plan.DOCUMENTATION, Plan.RUN))

#: A recovery plan.
PLAN_OPTIONS: dict[str, Any] = WAVE_OPTIONS["plan"]["options"]
