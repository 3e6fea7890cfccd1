# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""clouds.yaml: how openstacksdk and everything built on it finds the sites."""

from __future__ import annotations

from pocket_cloud import layout, site

ENTRY = """\
  {name}:
    auth:
      auth_url: {url}/v3
      username: {user}
      password: {user}
      project_name: demo
      user_domain_id: default
      project_domain_id: default
    region_name: {region}
    interface: public
    identity_api_version: "3"
"""

HEADER = """\
# Written by pocket-cloud. Each site: an ordinary member of project demo, and an administrator in the same project.
clouds:
"""


def write(folders: layout.Layout, places: list[site.Site]) -> None:
    """Write the file for all sites of the run folder."""
    text = HEADER
    for place in places:
        for suffix, user in (("", "demo"), ("_admin", "admin")):
            name = f"site_{place.name}{suffix}"
            text += ENTRY.format(name=name, url=place.keystone_url, user=user, region=place.region)
    partial = folders.clouds_yaml.with_suffix(".new")
    partial.write_text(text)
    partial.replace(folders.clouds_yaml)
