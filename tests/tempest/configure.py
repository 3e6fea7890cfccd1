# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write tempest.conf for a site of the pocket cloud. Runs in Tempest's virtual environment.

configure.py SITE WORKSPACE
"""

from __future__ import annotations

import configparser
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import requests
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
NO = "false"
YES = "true"

FEATURES: dict[str, dict[str, str]] = {
    # what the pocket cloud has, and what it has not: tests for the latter skip themselves
    "compute-feature-enabled": {
        "resize": NO,  # wants a second compute host
        "cold_migration": NO,
        "live_migration": NO,
        "vnc_console": NO,  # no guest, no screen
        "metadata_service": NO,
        "change_password": NO,
        "shelve": YES,
        "shelve_migrate": NO,
        "volume_multiattach": YES,
    },
    "network": {"project_networks_reachable": NO},
    "validation": {"run_validation": NO},  # no guest answers by SSH
    "volume-feature-enabled": {"backup": YES, "snapshot": YES},
    "service_available": {"swift": NO, "horizon": NO, "cinder": YES, "glance": YES, "neutron": YES, "nova": YES},
}


def clouds_yaml() -> pathlib.Path:
    """The clouds.yaml of the running cloud."""
    run = os.environ.get("POCKET_CLOUD_RUN") or REPOSITORY / "build" / "cloud" / "run"
    path = pathlib.Path(os.environ.get("OS_CLIENT_CONFIG_FILE") or pathlib.Path(run) / "clouds.yaml")
    if not path.exists():
        sys.exit(f"tempest: wanted a running pocket cloud; there is no {path}. Start one: tests/cloud/pocket-cloud up")
    return path


class Site:
    """An administrator at a site, to find the ids that tempest.conf names.

    Args:
        cloud: the entry of clouds.yaml.
    """

    def __init__(self, cloud: dict[str, Any]) -> None:
        self.auth, self.region = cloud["auth"], cloud["region_name"]
        user = {"name": self.auth["username"], "domain": {"id": "default"}, "password": self.auth["password"]}
        scope = {"project": {"name": self.auth["project_name"], "domain": {"id": "default"}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": scope}}
        answer = requests.post(f"{self.auth['auth_url']}/auth/tokens", json=body, timeout=60)
        answer.raise_for_status()
        self.headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
        self.catalog = answer.json()["token"]["catalog"]

    def endpoint(self, *kinds: str) -> tuple[str, str]:
        """The service type under which the catalog has a service, and its address."""
        (found,) = [
            (service["type"], endpoint["url"])
            for service in self.catalog
            for endpoint in service["endpoints"]
            if service["type"] in kinds and endpoint["interface"] == "public" and endpoint["region_id"] == self.region
        ]
        return found

    def find(self, kind: str, path: str, name: str) -> str:
        """The id of the one thing of a list that has this name."""
        answer = requests.get(self.endpoint(kind)[1] + path, headers=self.headers, timeout=60)
        answer.raise_for_status()
        (listed,) = [value for value in answer.json().values() if isinstance(value, list)]
        (found,) = [each["id"] for each in listed if each["name"] == name]
        return found


def settings(site: Site, workspace: pathlib.Path) -> dict[str, dict[str, Any]]:
    """All of tempest.conf."""
    volumes, _ = site.endpoint("volumev3", "block-storage", "volume")
    patience = {"max_microversion": "latest", "build_interval": 1, "build_timeout": 120}
    return {
        "DEFAULT": {"log_dir": workspace / "logs", "log_file": "tempest.log"},
        "oslo_concurrency": {"lock_path": workspace / "tempest_lock"},
        "auth": {
            "use_dynamic_credentials": YES,  # each test class gets a project of its own
            "create_isolated_networks": NO,  # they share the network that the site has
            "tempest_roles": "member",
            "admin_username": site.auth["username"],
            "admin_password": site.auth["password"],
            "admin_project_name": site.auth["project_name"],
            "admin_domain_name": "Default",
        },
        "identity": {"uri_v3": site.auth["auth_url"], "region": site.region},
        "compute": {**seeds(site), **patience},
        "volume": {"catalog_type": volumes, "volume_type_multiattach": "multiattach", **patience},
        **FEATURES,
    }


def seeds(site: Site) -> dict[str, str]:
    """What the site was seeded with."""
    flavor, image = site.find("compute", "/flavors", "m1.small"), site.find("image", "/v2/images", "cirros")
    return {
        "image_ref": image,
        "image_ref_alt": image,
        "flavor_ref": flavor,
        "flavor_ref_alt": flavor,
        "fixed_network_name": "shared-net",
    }


def main() -> None:
    """Make a new workspace with the configuration."""
    name, workspace = sys.argv[1], pathlib.Path(sys.argv[2])
    clouds = yaml.safe_load(clouds_yaml().read_text())["clouds"]
    if f"site_{name}_admin" not in clouds:
        sys.exit(f"tempest: wanted site {name}; seen: {', '.join(clouds)}. Start it: tests/cloud/pocket-cloud up")
    site = Site(clouds[f"site_{name}_admin"])
    registry = workspace.with_suffix(".yaml")
    shutil.rmtree(workspace, ignore_errors=True)
    registry.unlink(missing_ok=True)
    tempest = pathlib.Path(sys.executable).with_name("tempest")
    done = subprocess.run(
        [str(tempest), "init", "--workspace-path", str(registry), str(workspace)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"tempest init failed: {done.stdout}{done.stderr}")
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(settings(site, workspace))
    with (workspace / "etc" / "tempest.conf").open("w") as file:
        config.write(file)


if __name__ == "__main__":
    main()
