# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of nova: nova.conf for all of its processes, nova-cell1.conf and so on for those of one cell."""

from __future__ import annotations

from pocket_cloud import configuration, site
from pocket_cloud.configuration import STILL_ALIVE_SECONDS, STORE_USER, UNLIMITED, Sections, common, credentials

CELL_DATABASE = "{{scheme}}://{{username}}:{{password}}@{{hostname}}:{{port}}/{name}?{{query}}"
CELL_TRANSPORT = "{{scheme}}://{{username}}:{{password}}@{{hostname}}:{{port}}/{name}"
"""How nova maps a cell: the rest comes from nova.conf of who asks, so that a copied mapping fits another port."""


def transport(place: site.Site, name: str) -> str:
    """Return the address of a message bus: "top", or that of a cell. One process needs only one, in its memory."""
    if not place.spread:
        return "fake:///"
    return f"rabbit://{STORE_USER}:{STORE_USER}@127.0.0.1:{place.ports['rabbitmq']}/{name}"


def cell_mapping(place: site.Site, cell: str) -> tuple[str, str]:
    """Return the addresses of a cell's database and message bus as nova's mapping of cells has them."""
    database = configuration.database(place, f"nova_{cell}")
    if place.database == "mariadb":
        database = CELL_DATABASE.format(name=f"nova_{cell}")
    return database, CELL_TRANSPORT.format(name=cell) if place.spread else transport(place, cell)


def nova_cell(place: site.Site, number: int) -> Sections:
    """Return nova-cell<number>.conf: what the conductor and the compute of a cell have instead."""
    cell = f"cell{number}"
    return {
        "DEFAULT": {"host": f"compute{number}", "transport_url": transport(place, cell)},
        "database": {"connection": configuration.database(place, f"nova_{cell}")},
    }


def nova(place: site.Site) -> Sections:
    """Return nova.conf: all of nova but compute's own options."""
    return {
        "DEFAULT": {
            **configuration.logging(),
            "my_ip": "127.0.0.1",
            "transport_url": transport(place, "top"),
            **nova_compute(place),
        },
        "api": {"auth_strategy": "keystone"},
        "api_database": {"connection": configuration.database(place, "nova_api")},
        # conductor and scheduler of all cells have the database of cell0
        "database": {"connection": configuration.database(place, "nova_cell0" if place.spread else "nova_cell1")},
        "quota": quota(place),
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1},
        "filter_scheduler": {"track_instance_changes": False},
        "glance": {"region_name": place.region},
        "upgrade_levels": {"compute": "auto"},
        "service_user": credentials(place, send_service_user_token=True),
        "placement": credentials(place),
        "neutron": credentials(place),
        "cinder": credentials(place, os_region_name=place.region),
        **common(place, "compute"),
    }


def quota(place: site.Site) -> dict[str, object]:
    """Return the quotas: none."""
    return {
        **dict.fromkeys(("instances", "cores", "ram", "server_groups", "server_group_members"), UNLIMITED),
        # both ways of counting are in use: from placement, shelved servers have no cores and no memory
        "count_usage_from_placement": place.name != "a",
    }


def nova_compute(place: site.Site) -> dict[str, object]:
    """Return the options of the computes."""
    return {
        "state_path": place.folder / "nova",
        "host": "compute1",
        "compute_driver": "pocket_cloud.Driver",
        "shelved_offload_time": 0,
        "service_down_time": STILL_ALIVE_SECONDS,
        # no agent reports a plugged interface, so nobody may wait for the report
        "vif_plugging_is_fatal": False,
        "vif_plugging_timeout": 0,
        "sync_power_state_interval": -1,
        "resume_guests_state_on_host_boot": True,
        # a volume that nova makes from an image is looked at each second instead of every third
        "block_device_allocate_retries": 600,
        "block_device_allocate_retries_interval": 1,
        "default_thread_pool_size": 20,
    }
