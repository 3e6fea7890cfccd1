# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nova: the fake hypervisor, with a stable identity, guests that survive a restart, and a console.

Nova's own fake driver forgets its guests when the process ends. Here they are kept as files, as libvirt keeps its
definitions: after a restart they exist, switched off, and nova boots those that ran (resume_guests_state_on_host_boot).
"""

from __future__ import annotations

import json
import pathlib
import threading
import uuid
from typing import Any

from nova.compute import power_state
from nova.virt import fake, node

from pocket_cloud_services import console, faults

BOOTS_KEPT = 50


class Driver(fake.FakeDriverWithoutFakeNodes):
    """A fake hypervisor that says from which disks its guests booted."""

    folder: pathlib.Path
    """Where the guests are kept; set before nova starts."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Start without guests; they are read when the host is known."""
        super().__init__(*arguments, **named)
        self._files = threading.Lock()

    # -- identity

    def _node_uuid(self) -> str:
        """Return a stable id: that of nova's compute_id file for the first host, derived from it for the others."""
        first = node.get_local_node_uuid()
        return first if self._host == "compute1" else str(uuid.uuid5(uuid.UUID(first), self._host))

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Return the resources under the stable id."""
        return {**super().get_available_resource(nodename), "uuid": self._node_uuid()}

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the one node."""
        return {self._node_uuid(): self.get_available_nodes()[0]}

    # -- guests that survive

    def init_host(self, host: str) -> None:
        """Find the guests that this host had; all are switched off."""
        super().init_host(host)
        for path in self.folder.glob("*.json"):
            guest = json.loads(path.read_text())
            if guest["host"] == host:
                self.instances[path.stem] = fake.FakeInstance(guest["name"], power_state.SHUTDOWN, path.stem)

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Remember the interfaces of a guest found again, so that they can be detached."""
        self._interfaces.update({vif["id"]: vif for vif in network_info or ()})

    def resume_state_on_host_boot(
        self, context: Any, instance: Any, network_info: Any, share_info: Any, block_device_info: Any = None
    ) -> None:
        """Boot a guest that ran when its host died."""
        self.power_on(context, instance, network_info, block_device_info)

    def _record(self, instance: Any, host: str | None, boot: str | None = None) -> None:
        """Write what is known of a guest: its host (None: not on any), and how it booted."""
        path = self.folder / f"{instance.uuid}.json"
        with self._files:
            boots = self._boots(instance) + ([boot] if boot else [])
            guest = {"name": instance.name, "host": host, "boots": boots[-BOOTS_KEPT:]}
            partial = path.with_suffix(".new")
            partial.write_text(json.dumps(guest))
            partial.replace(path)

    def _boots(self, instance: Any) -> list[str]:
        try:
            boots: list[str] = json.loads((self.folder / f"{instance.uuid}.json").read_text())["boots"]
        except FileNotFoundError:
            return []
        return boots

    # -- boots

    def spawn(self, context: Any, instance: Any, *arguments: Any, **named: Any) -> None:
        """Boot a new guest."""
        faults.apply("spawn", instance.display_name)
        super().spawn(context, instance, *arguments, **named)
        booted = console.boot_text(named.get("block_device_info")) if named.get("power_on", True) else None
        self._record(instance, self._host, booted)

    def power_on(
        self, context: Any, instance: Any, network_info: Any, block_device_info: Any = None, *more: Any, **named: Any
    ) -> None:
        """Boot a guest that was off, or reboot one."""
        super().power_on(context, instance, network_info, block_device_info, *more, **named)
        self._record(instance, self._host, console.boot_text(block_device_info))

    def destroy(self, context: Any, instance: Any, *arguments: Any, **named: Any) -> None:
        """Forget a guest, but not how it booted: the console of a shelved server goes on after unshelving."""
        super().destroy(context, instance, *arguments, **named)
        self._record(instance, None)

    def get_console_output(self, context: Any, instance: Any) -> str:
        """Say from what the guest booted, each time it did."""
        return "\n".join([*self._boots(instance), "login:", ""])
