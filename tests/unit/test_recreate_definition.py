# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is made again has the zone, the group, the user_data and the disks that it had, or that were said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.definition import made_of
from test_replace_recreate import a_definition


@pytest.mark.parametrize(
    ("told", "said", "wanted"),
    [("az1", None, "az1"), ("az1", "az2", "az2"), ("az1", "", None), ("", None, None), (None, "az2", "az2")],
)
def test_the_zone_is_the_one_that_is_said_else_that_of_the_server(
    told: str | None, said: str | None, wanted: Any
) -> None:
    assert a_definition(zone_told=told, zone=said).availability_zone == wanted


@pytest.mark.parametrize(("groups", "wanted"), [((), None), (("apart",), "apart"), (("apart", "other"), "apart")])
def test_the_server_stays_in_its_group(groups: tuple[str, ...], wanted: str | None) -> None:
    """Nova has one group for a server at most."""
    assert a_definition(server_groups=groups).server_group == wanted


@pytest.mark.parametrize(("said", "wanted"), [(None, "az1"), ("az2", "az2"), ("", None)])
def test_a_zone_said_later_overrides_that_of_the_record(said: str | None, wanted: str | None) -> None:
    definition = replace(a_definition(), availability_zone="az1")
    assert made_of(definition, "new", said, None).availability_zone == wanted


def test_what_is_made_is_as_it_was() -> None:
    definition = replace(a_definition(), description="the database", user_data=True)
    made = made_of(definition, "new", None, "#cloud-config")
    assert (made.user_data, made.description) == ("#cloud-config", "the database")
    made = made_of(replace(definition, description=""), "new", None, "")
    assert (made.user_data, made.description) == (None, None)


def test_a_disk_is_called_by_its_name_else_by_its_id() -> None:
    (row,) = a_definition().volumes
    definition = replace(a_definition(), volumes=(row, {**row, "id": "x", "name": None}))
    assert [disk.name for disk in made_of(definition, "new", None, None).disks] == ["new", "db-data", "x"]
