# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of handovers are about: twins at one site and replicas of one moment, without a site A.

The replicas are made as docs/recovery-plan.md describes them, which takes seconds instead of a replication.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml
from api import Api, Json
from story import HEAD, Run, Story, children, until_gone

POINT = "2026-11-20T20:13:00+00:00"
PROGRESS = re.compile(r"\[ *\d+/\d+\]")
DOWN = {"dr_site_b_source_is_down": "it burns"}


@dataclass(frozen=True)
class Scene(Story):
    """Runs playbooks on servers of one plan; ``b`` is the site of the twins, ``admin`` sets the scene there."""

    letter: str
    admin: Api
    rows: dict[str, Json] = field(default_factory=dict)

    def plan(self, handover: str, shorts: Iterable[str], **more: Any) -> None:
        """Writes the plan: these servers, handed over this way."""
        other = "b" if self.letter == "a" else "a"
        data = {
            "name": self.name,
            "sites": {"a": {"cloud": f"site_{other}"}, "b": {"cloud": f"site_{self.letter}"}},
            "servers": [self.row(short) for short in shorts],
            "handover": handover,
            **more,
        }
        (self.folder / "plan.yml").write_text(yaml.safe_dump(data), encoding="utf-8")

    def row(self, short: str) -> Json:
        """A server of the plan: a boot volume and a data volume, one port."""
        return {
            "name": f"{self.name}-{short}",
            "flavor": "m1.tiny",
            "boot_volume": {"image": "cirros", "size": 1},
            "volumes": [{"tag": "data", "blank": True, "size": 1}],
            "ports": [{"network": self.b.named("network", "/networks", "networks", "shared-net")["id"]}],
            "health_checks": [{"console": "login:"}],
            **self.rows.get(short, {}),
        }

    def tags(self, short: str) -> list[str]:
        """The disks of a server."""
        return ["root", *(volume["tag"] for volume in self.row(short)["volumes"])]

    def fail_over(self, *options: str) -> Run:
        """Runs the failover."""
        return self("dr_failover", *options, **DOWN)

    def killed_at(self, lines: int, seconds: float, workers_too: bool) -> tuple[bool, list[str]]:
        """Runs the failover and kills it at a point of time.

        Args:
            lines: after so many lines of progress,
            seconds: and then so long after.
            workers_too: without it only ansible-playbook is killed; its worker must notice it.

        Returns:
            whether it was killed before it ended by itself; the lines of progress that were seen.
        """
        with self.start(self.command("dr_failover", **DOWN)) as process:
            seen = list(islice(filter(PROGRESS.match, process.stdout or ()), lines))
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            workers = children(process.pid) if process.poll() is None else []
            for number in [process.pid, *(workers if workers_too else ())] if process.poll() is None else ():
                os.kill(number, signal.SIGKILL)
        until_gone(workers)
        return process.returncode == -signal.SIGKILL, seen

    def replicate(self, shorts: Iterable[str], point: str = POINT) -> None:
        """Makes the replicas of a recovery point, and lets them begin with what `heads` says."""
        made = {(short, disk): self._replica(short, disk, point) for short in shorts for disk in self.tags(short)}
        for (short, disk), volume in made.items():
            self.b.wait_volume(volume)
            self.pocket_cloud("guest-write", self.letter, volume, f"{short}/{disk} at A")

    def _replica(self, short: str, disk: str, point: str) -> str:
        server = f"{self.name}-{short}"
        marks = {"plan": self.name, "server": server, "disk": disk, "role": "replica", "state": "complete"}
        metadata = {f"standby_{key}": value for key, value in {**marks, "recovery_point": point}.items()}
        body: Json = {"name": f"{server}-{disk}-{point}", "size": 1, "metadata": metadata}
        if disk == "root":
            body["imageRef"] = self.b.named("image", "/images", "images", "cirros")["id"]
        made = self.b.send("POST", "block_storage", "/volumes", {"volume": body})["volume"]["id"]
        own = {"metadata": {"standby_volume": made}}
        self.b.send("POST", "block_storage", f"/volumes/{made}/metadata", own)
        return made

    def heads(self, short: str) -> dict[str, str]:
        """By disk what the console says that it began with at the last boot."""
        server = self.server(self.b, short)
        labels = {volume["id"]: self.label(volume) for volume in self.everything(self.b)["volumes"]}
        output = self.b.send("POST", "compute", f"/servers/{server['id']}/action", {"os-getConsoleOutput": {}})[
            "output"
        ]
        return {labels[m["volume"]]: m["head"] for m in HEAD.finditer(output.rpartition("boot at ")[2])}

    def replica_heads(self, short: str) -> dict[str, str]:
        """What `heads` says of a server that runs on its replicas."""
        return {f"{short}/{disk}": f"{short}/{disk} at A" for disk in self.tags(short)}

    def mine(self, short: str) -> Json:
        """All that the site has of one server of the plan."""
        there, start = self.everything(self.b), f"{self.name}-{short}"
        kinds = ("servers", "volumes", "snapshots", "ports")
        own = {kind: [row for row in there[kind] if row["name"].startswith(start)] for kind in kinds}
        ids = {server["id"] for server in own["servers"]}
        return {**own, **{kind: {i: there[kind][i] for i in ids} for kind in ("requests", "attached")}}

    def settle(self) -> None:
        """Waits for the end of deletions, which a failover does not wait for."""
        self.b.wait(lambda: str(self._deleting()), {"[]"})

    def _deleting(self) -> list[str]:
        there = self.everything(self.b)
        return [row["name"] for row in (*there["volumes"], *there["snapshots"]) if row["status"] == "deleting"]

    def left_over(self) -> list[str]:
        """Names of what only a run needs: snapshots, images, and volumes that belong to no server and no replica."""
        there = self.everything(self.b)
        images = self.b.get("image", f"/images?name={self.name}", "images")
        loose = [v for v in there["volumes"] if not v["attachments"] and v["metadata"].get("standby_role") != "replica"]
        return [row["name"] for row in (*there["snapshots"], *images, *loose)]

    def volume_of(self, short: str, tag: str) -> str:
        """The id of the volume of a disk that is on a server."""
        names = {volume["id"]: self.label(volume) for volume in self.everything(self.b)["volumes"]}
        attached = self.b.attachments(self.server(self.b, short)["id"])
        (found,) = [a["volumeId"] for a in attached if names[a["volumeId"]] == f"{short}/{tag}"]
        return found

    def detach(self, short: str, tag: str) -> str:
        """Takes a volume off by Nova; its id."""
        server, volume = self.server(self.b, short)["id"], self.volume_of(short, tag)
        self.b.send("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{volume}")
        self.b.wait_volume(volume)
        return volume

    def tear_off(self, short: str, tag: str) -> str:
        """Takes a volume off behind Nova's back, as any member can at Cinder; its id."""
        volume = self.volume_of(short, tag)
        for attachment in self.b.get("block_storage", f"/attachments?volume_id={volume}", "attachments"):
            self.b.send("DELETE", "block_storage", f"/attachments/{attachment['id']}")
        self.b.wait_volume(volume)
        return volume

    def sleep(self, short: str) -> None:
        """Takes a server that was handed over by attach or reimage back to where its twin was before.

        A copy becomes a placeholder again, which begins with other bytes, beside a new one for the data.
        """
        server = self.server(self.b, short)["id"]
        self.bring(short, ("shelve", "SHELVED_OFFLOADED"))
        volumes = {v["id"]: v for v in self.mine(short)["volumes"] if v["attachments"] or v["status"] == "reserved"}
        for volume, seen in volumes.items():
            if seen["metadata"]["standby_role"] == "copy":
                self._empty_again(volume, seen["metadata"])
                continue
            self.b.send("DELETE", "compute", f"/servers/{server}/os-volume_attachments/{volume}")
            self.b.wait_volume(volume)
        if "copy" in [seen["metadata"]["standby_role"] for seen in volumes.values()]:
            for disk in self.tags(short)[1:]:
                self._attach_placeholder(server, short, disk)

    def _empty_again(self, volume: str, metadata: Json) -> None:
        """Also without the notes that the copy left, by which a failover would take it for filled."""
        gone = ("standby_recovery_point", "standby_state", "standby_woken")
        kept = {key: value for key, value in metadata.items() if key not in gone}
        unset = {"os-unset_image_metadata": {"key": "standby_recovery_point"}}
        self.b.send("POST", "block_storage", f"/volumes/{volume}/action", unset)
        body = {"metadata": {**kept, "standby_role": "placeholder"}}
        self.b.send("PUT", "block_storage", f"/volumes/{volume}/metadata", body)
        self.pocket_cloud("guest-write", self.letter, volume, "nothing of value")

    def _attach_placeholder(self, server: str, short: str, disk: str) -> None:
        name = f"{self.name}-{short}"
        marks = {"plan": self.name, "server": name, "disk": disk, "role": "placeholder"}
        metadata = {f"standby_{key}": value for key, value in marks.items()}
        body = {"volume": {"name": f"{name}-{disk}-placeholder", "size": 1, "metadata": metadata}}
        volume = self.b.send("POST", "block_storage", "/volumes", body)["volume"]["id"]
        self.b.wait_volume(volume)
        attachment = {"volumeAttachment": {"volumeId": volume}}
        self.b.send("POST", "compute", f"/servers/{server}/os-volume_attachments", attachment)
        self.b.wait_volume(volume, "in-use")

    def bring(self, short: str, *actions: tuple[str, str]) -> None:
        """Sends actions to a server, and waits after each for a status."""
        server = self.server(self.b, short)["id"]
        for action, status in actions:
            self.b.act(server, action)
            self.b.wait_server(server, status)
