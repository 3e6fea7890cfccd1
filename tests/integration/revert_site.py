# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of reverts need at one of the sites: a server, guests that write, snapshots, what it booted from."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api import Api, Json
from factory import Factory
from rounds import Rounds

from playbooks import Playbooks

POCKET_CLOUD = str(Path(__file__).resolve().parents[1] / "cloud" / "pocket-cloud")
REVERT = "server_root_volume_revert"


@dataclass(frozen=True)
class RevertSite:
    """One site, "a" or "b", as one test uses it."""

    site: str
    make: Factory
    ansible: Playbooks

    @property
    def api(self) -> Api:
        """An ordinary member."""
        return self.make.api

    @property
    def admin(self) -> Api:
        """An administrator."""
        return self.make.admin

    @property
    def rounds(self) -> Rounds:
        """Check, apply, check, apply."""
        return Rounds(self.ansible, self.make)

    def server(self, suffix: str = "srv", **more: Any) -> str:
        """An ACTIVE server; its id."""
        return self.make.server(suffix, **more)

    def id_of(self, suffix: str) -> str:
        """The id of a server of this test."""
        (found,) = [s["id"] for s in self.make.servers() if s["name"] == self.make.name(suffix)]
        return found

    def root(self, server: str) -> str:
        """The volume that is the root now."""
        (found,) = [a["volumeId"] for a in self.api.attachments(server) if a["tag"] == "root"]
        return found

    def writes(self, volume: str, text: str) -> None:
        """The guest writes to the beginning of a volume."""
        subprocess.run([POCKET_CLOUD, "guest-write", self.site, volume, text], check=True, capture_output=True)

    def snapshot(self, suffix: str, volume: str) -> str:
        """A snapshot of a volume; its id."""
        body = {"volume_id": volume, "name": self.make.name(suffix), "force": True}
        made = self.api.send("POST", "block_storage", "/snapshots", {"snapshot": body})["snapshot"]["id"]
        path = f"/snapshots/{made}"
        self.api.wait(lambda: self.api.get("block_storage", path, "snapshot")["status"], {"available"})
        return made

    def marked(self) -> list[Json]:
        """The volumes of this test that carry marks of a revert."""
        return [v for v in self.make.everything()["volumes"] if "standby_server_id" in v["metadata"]]

    def images(self) -> list[Json]:
        """The images that are left of this test."""
        found = self.api.get("image", "/images", "images")
        return [image for image in found if image["name"].startswith(self.make.prefix)]

    def identity(self, server: str) -> Json:
        """What licences and users know a server by."""
        found = self.api.server(server)
        ports = self.api.get("network", f"/ports?device_id={server}", "ports")
        known = [{key: port[key] for key in ("id", "mac_address", "fixed_ips")} for port in ports]
        return {**{key: found[key] for key in ("id", "name", "metadata", "addresses")}, "ports": known}

    def boots_with(self, server: str) -> list[str]:
        """What its disks began with when it booted last."""
        return sorted(self.api.booted_from(server).values())

    def refused(self, **options: Any) -> str:
        """Why the server srv is not reverted; in check mode and for real, and nothing is touched."""
        options = {"server": self.make.name(), "snapshot": "latest", **options}
        before = self.make.everything()
        first, second = (self.ansible(REVERT, check=check, **options) for check in (True, False))
        assert first["msg"] == second["msg"]
        assert self.make.everything() == before
        return second["msg"]
