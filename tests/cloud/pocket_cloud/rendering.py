# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the configuration files of a site."""

from __future__ import annotations

import pathlib
import re
import shutil

from pocket_cloud import configuration, configuration_nova, errors, layout, site, stores

GUARDED_API = "nova_root_volume.filter:factory"
"""The guarded root volume API, a Paste filter."""

NOVA_PIPELINE = re.compile(r"^(keystone = .*\bkeystonecontext\b.*) (osapi_compute_app_v21)$", re.MULTILINE)

PIPELINES = 2
"""/v2.1 and /v2."""

PASTE_FILES = {
    "nova/api-paste.ini": "api-paste.ini",
    "neutron/api-paste.ini": "neutron-api-paste.ini",
    "glance/glance-api-paste.ini": "glance-api-paste.ini",
    "cinder/api-paste.ini": "cinder-api-paste.ini",
}


def render_site(place: site.Site, folders: layout.Layout) -> None:
    """Make the folders of a site and write all its configuration. Writing it again is harmless."""
    for name in configuration.FOLDERS:
        (place.folder / name).mkdir(parents=True, exist_ok=True)
    folders.backups.mkdir(parents=True, exist_ok=True)
    files = {
        "keystone.conf": configuration.keystone(place),
        "placement.conf": configuration.placement(place),
        "glance-api.conf": configuration.glance(place),
        "neutron.conf": configuration.neutron(place),
        "nova.conf": configuration_nova.nova(place),
        "cinder.conf": configuration.cinder(place, folders),
    }
    if place.spread:
        files |= {f"nova-cell{n}.conf": configuration_nova.nova_cell(place, n) for n in place.cell_numbers}
    for name, sections in files.items():
        (place.etc / name).write_text(ini(sections))
    render_stores(place)
    for source, target in PASTE_FILES.items():
        venv = folders.nova_venv(place.nova) if source.startswith("nova/") else folders.venv
        shutil.copy(venv / "etc" / source, place.etc / target)
    if place.guarded:
        insert_guarded_api(place.etc / "api-paste.ini")
    write_entry_points(place)


def render_stores(place: site.Site) -> None:
    """Write the configuration of MariaDB and RabbitMQ, where a site has them."""
    if "mariadb" in place.services:
        (place.etc / "mariadb-init.sql").write_text(stores.mariadb_statements(place))
    if "rabbitmq" in place.services:
        (place.folder / "rabbitmq").mkdir(exist_ok=True)
        (place.etc / "rabbitmq.conf").write_text(stores.rabbitmq_configuration(place))
        (place.etc / "rabbitmq-definitions.json").write_text(stores.rabbitmq_definitions(place))


def ini(sections: configuration.Sections) -> str:
    """Return sections as text for oslo.config, in which a dollar sign begins a reference."""
    blocks = []
    for section, options in sections.items():
        lines = [f"{name} = {str(value).replace('$', '$$')}" for name, value in options.items()]
        blocks.append("\n".join([f"[{section}]", *lines, ""]))
    return "\n".join(blocks)


def insert_guarded_api(paste: pathlib.Path) -> None:
    """Put the filter where its README says: directly before the application, in both pipelines of nova-api."""
    text, count = NOVA_PIPELINE.subn(r"\1 root_volume \2", paste.read_text())
    if count != PIPELINES:
        raise errors.PocketCloudError(f"{count} pipelines of nova-api in {paste}: is this another Nova than pinned?")
    paste.write_text(f"{text}\n[filter:root_volume]\npaste.filter_factory = {GUARDED_API}\n")


def write_entry_points(place: site.Site) -> None:
    """Write the metadata by which neutron finds our mechanism driver (it looks only for entry points)."""
    info = place.etc / "plugins" / "pocket_cloud_services-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "entry_points.txt").write_text(configuration.ENTRY_POINTS)
    (info / "METADATA").write_text(configuration.METADATA)
