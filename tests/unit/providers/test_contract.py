# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of providers: written down for each verb, shown by the docs, kept by the registry and by other rooms.

With UPDATE_DOCS=1 set, this writes the tables of docs/providers.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.standby.openstack.plugins.doc_fragments.recovery_plan import ModuleDocFragment
from ansible_collections.standby.openstack.plugins.module_utils import wave
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.decide.replicate.providers.contract import CLAUSES, Verb
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from ansible_collections.standby.openstack.plugins.module_utils.providers import PROVIDERS
from ansible_collections.standby.openstack.plugins.plugin_utils.documented_options import PLAN_OPTIONS
from recovery_builders import the_plan
from test_imports import FILES, PLUGINS, UTILS, imports

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
OF_PROVIDERS = [f"{UTILS}/decide/replicate/providers/{method}/" for method in PROVIDERS]
READERS = {f"{UTILS}/cloud/read/backups", f"{UTILS}/cloud/read/external"}

#: Rooms that must not know how any provider works. The parts of the work are the words of the report.
NEUTRAL = ("wave", "jobs", "jobs_at_both_sites", "operations", "network_jobs", "engine", "run", "report",
           "decide/plan", "decide/handover", "decide/planned", "decide/reprotect", "decide/twin",
           "decide/replicate")  # fmt: skip


def verbs_table() -> Iterator[str]:
    yield "| Verb | What it does | It may assume | It must guarantee |"
    yield "|---|---|---|---|"
    for one in CLAUSES:
        yield f"| `{one.verb.value}` | {one.does} | {one.may_assume} | {one.must_guarantee} |"


def offers_table() -> Iterator[str]:
    users = {verb: [name for name, row in OPERATIONS.items() if verb.value in row.needs] for verb in Verb}
    yield f"| Verb | Needed by | {' | '.join(f'`{method}`' for method in PROVIDERS)} |"
    yield "|---|---|" + "---|" * len(PROVIDERS)
    for verb in Verb:
        offered = ("yes" if verb in row.decides.offers else "no" for row in PROVIDERS.values())
        yield f"| `{verb.value}` | {', '.join(users[verb])} | {' | '.join(offered)} |"


@pytest.mark.parametrize(("name", "table"), [("verbs", verbs_table), ("offers", offers_table)])
def test_the_tables_of_the_docs_are_those_of_the_code(name: str, table: Any) -> None:
    begin, end = f"<!-- {name}: written by tests/unit/providers/test_contract.py -->\n", "<!-- end -->\n"
    before, rest = PAGE.read_text().split(begin)
    after = rest.partition(end)[2]
    page = before + begin + "\n" + "\n".join(table()) + "\n\n" + end + after
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page)
    assert page == PAGE.read_text()


def test_each_verb_has_one_clause() -> None:
    assert [clause.verb for clause in CLAUSES] == list(Verb)


@pytest.mark.parametrize("method", PROVIDERS)
def test_what_a_provider_names_exists(method: str) -> None:
    provider = PROVIDERS[method].decides
    assert provider.offers <= set(Verb)
    known = set(the_plan().direction.clouds)
    options = the_plan().options
    assert {cloud for verb in Verb for cloud in provider.clouds(verb, options)} <= known
    assert not any(provider.clouds(verb, options) for verb in set(Verb) - provider.offers)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_need_verbs_that_there_are(operation: str) -> None:
    assert set(OPERATIONS[operation].needs) <= {verb.value for verb in Verb}


def test_the_methods_of_a_plan_are_those_of_the_registry() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["plan"]["suboptions"]["replication"]
    assert documented["suboptions"]["method"]["choices"] == list(PROVIDERS)
    assert PLAN_OPTIONS["replication"]["options"]["method"]["choices"] == list(PROVIDERS)


def test_an_unknown_method_is_refused() -> None:
    data = {"name": "shop", "sites": {"a": {"cloud": "x"}, "b": {"cloud": "y"}}, "servers": []}
    assert ArgumentSpecValidator(PLAN_OPTIONS).validate({**data, "replication": {}}).error_messages == []
    data["replication"] = {"method": "telepathy"}
    (problem,) = ArgumentSpecValidator(PLAN_OPTIONS).validate(data).error_messages
    assert problem.startswith(f"value of method must be one of: {', '.join(PROVIDERS)}, got: telepathy")


class Weak:
    """A provider that offers less."""

    offers = frozenset({Verb.PROTECT})


@pytest.mark.parametrize(
    ("operation", "lacks"),
    [("replicate", "points"), ("readiness", "status, points"), ("failover", "points, make_usable")],
)
def test_an_operation_that_needs_more_than_a_provider_offers_is_refused_before_any_cloud_is_asked(
    monkeypatch: pytest.MonkeyPatch, operation: str, lacks: str
) -> None:
    row = replace(PROVIDERS["cinder_backup"], decides=Weak())
    monkeypatch.setattr(wave, "PROVIDERS", {"cinder_backup": row})

    def connect(*_asked: Any) -> Any:
        raise AssertionError("a cloud was asked")

    with pytest.raises(Refused) as refused:
        Wave(OPERATIONS[operation], the_plan(), connect, utc_now()).jobs()
    assert refused.value.refusal.code == "not_offered"
    assert refused.value.refusal.seen == f"replication by cinder_backup does not offer {lacks}"


def neutral() -> list[str]:
    rooms = tuple(f"{UTILS}/{room}" for room in NEUTRAL)
    found = [name for name in FILES if name.startswith(rooms) and "/providers/" not in name]
    assert len(found) > 40
    return found


@pytest.mark.parametrize("name", neutral())
def test_no_other_room_knows_that_there_are_backups(name: str) -> None:
    text = (PLUGINS / name).read_text(encoding="utf-8").replace("Part.BACKUP", "")
    assert not re.search("backup", text, re.IGNORECASE)


@pytest.mark.parametrize("name", FILES)
def test_only_the_registry_imports_a_provider_and_its_reader(name: str) -> None:
    used = {path for path in imports(name) if path in READERS or path.startswith(tuple(OF_PROVIDERS))}
    if name == f"{UTILS}/providers.py":
        assert used >= {*READERS, *(f"{folder}provider" for folder in OF_PROVIDERS)}
    else:
        own = next((folder for folder in OF_PROVIDERS if name.startswith(folder)), None)
        assert not used or (own and all(path.startswith(own) for path in used))
