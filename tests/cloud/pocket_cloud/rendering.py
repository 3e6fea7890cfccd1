# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the configuration files of a site."""

from __future__ import annotations

import pathlib
import re
import shutil

from pocket_cloud import configuration, errors, layout, site

GUARDED_API = "nova_root_volume.filter:factory"
"""The guarded root volume API, a Paste filter."""

NOVA_PIPELINE = re.compile(r"^(keystone = .*\bkeystonecontext) (.*osapi_compute_app_v21)$", re.MULTILINE)

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
        "nova.conf": configuration.nova(place),
        "cinder.conf": configuration.cinder(place, folders),
    }
    for name, sections in files.items():
        (place.etc / name).write_text(ini(sections))
    for source, target in PASTE_FILES.items():
        shutil.copy(folders.venv / "etc" / source, place.etc / target)
    if place.guarded:
        insert_guarded_api(place.etc / "api-paste.ini")
    write_entry_points(place)


def ini(sections: configuration.Sections) -> str:
    """Return sections as text for oslo.config, in which a dollar sign begins a reference."""
    blocks = []
    for section, options in sections.items():
        lines = [f"{name} = {str(value).replace('$', '$$')}" for name, value in options.items()]
        blocks.append("\n".join([f"[{section}]", *lines, ""]))
    return "\n".join(blocks)


def insert_guarded_api(paste: pathlib.Path) -> None:
    """Put the filter behind keystonecontext, so that it sees who asks, in every pipeline of nova-api."""
    text, count = NOVA_PIPELINE.subn(r"\1 root_volume \2", paste.read_text())
    if not count:
        raise errors.PocketCloudError(f"No pipeline with keystonecontext in {paste}: is this another Nova than pinned?")
    paste.write_text(f"{text}\n[filter:root_volume]\npaste.filter_factory = {GUARDED_API}\n")


def write_entry_points(place: site.Site) -> None:
    """Write the metadata by which neutron finds our mechanism driver (it looks only for entry points)."""
    info = place.etc / "plugins" / "pocket_cloud_services-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "entry_points.txt").write_text(configuration.ENTRY_POINTS)
    (info / "METADATA").write_text(configuration.METADATA)
