# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Detach the root volume of a shelved server, attach another one, unshelve; there and back, and what is refused."""

from __future__ import annotations

from typing import Any

from tempest import config
from tempest.api.compute import base
from tempest.common import compute, utils, waiters
from tempest.lib import exceptions

CONF = config.CONF
ALIAS = "os-root-volume"


class RootVolumeTest(base.BaseV2ComputeTest):
    """A volume-backed server and its roots."""

    min_microversion = "2.20"  # the first in which Nova serves volume calls on shelved servers
    max_microversion = "latest"
    create_default_network = True

    @classmethod
    def skip_checks(cls) -> None:
        """Want Cinder, and shelving that offloads."""
        super().skip_checks()
        if not CONF.service_available.cinder or not CONF.compute_feature_enabled.shelve:
            raise cls.skipException("Cinder and shelve are needed")

    @classmethod
    def resource_setup(cls) -> None:
        """Want the API: a cloud that has it says so."""
        super().resource_setup()
        listed = cls.os_primary.extensions_client.list_extensions()["extensions"]
        if ALIAS not in [extension["alias"] for extension in listed]:
            raise cls.skipException(f"The cloud does not advertise {ALIAS}")

    # -- steps

    def shelved(self) -> tuple[str, str]:
        """Return a SHELVED_OFFLOADED server and its root volume."""
        root = self.new_volume()
        mapping = {"uuid": root, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        server = self.create_test_server(image_id="", block_device_mapping_v2=[mapping], wait_until="ACTIVE")["id"]
        self.shelve(server)
        return server, root

    def new_volume(self) -> str:
        """Return an available volume with the image on it."""
        return self.create_volume(image_ref=CONF.compute.image_ref)["id"]

    def shelve(self, server: str) -> None:
        """Shelve until the server is offloaded."""
        compute.shelve_server(self.servers_client, server, force_shelve_offload=True)

    def detach(self, server: str, volume: str) -> None:
        """Detach the root; the volume is free afterwards, and no unshelve is accepted."""
        self.servers_client.detach_volume(server, volume)
        waiters.wait_for_volume_resource_status(self.volumes_client, volume, "available")
        self.assertEqual((False, None), self.root(server)[1:])
        self.assertRaisesRegex(
            exceptions.Forbidden, "Can't unshelve instance without a root", self.servers_client.unshelve_server, server
        )
        self.assertEqual("SHELVED_OFFLOADED", self.servers_client.show_server(server)["server"]["status"])

    def attach(self, server: str, volume: str, **how: Any) -> None:
        """Attach a volume as the root."""
        device = self.root(server)[0]
        attachment = self.servers_client.attach_volume(server, volumeId=volume, **how)["volumeAttachment"]
        self.assertEqual((device, volume), (attachment["device"], attachment["volumeId"]))
        self.assertEqual((device, True, volume), self.root(server))

    def boot(self, server: str, volume: str) -> None:
        """Unshelve; the volume is the one volume of the server and in use."""
        self.servers_client.unshelve_server(server)
        waiters.wait_for_server_status(self.servers_client, server, "ACTIVE")
        attached = self.servers_client.list_volume_attachments(server)["volumeAttachments"]
        self.assertEqual([volume], [attachment["volumeId"] for attachment in attached])
        waiters.wait_for_volume_resource_status(self.volumes_client, volume, "in-use")

    def root(self, server: str) -> tuple[str, bool, str | None]:
        """Return device, presence and volume of the root."""
        answer, body = self.servers_client.get(f"servers/{server}/os-root-volume")
        self.assertEqual(200, answer.status)
        root = self.servers_client._parse_resp(body)  # noqa: SLF001 -- takes the outermost key off, as every client does
        return root["device"], root["device_present"], root["volume_id"]

    # -- scenarios

    @utils.services("volume", "image")
    def test_failover_and_back(self) -> None:
        """The site takes over with a replica, and gives back: each time the root is exchanged on a shelved server."""
        server, own = self.shelved()
        replica = self.new_volume()
        self.detach(server, own)
        self.attach(server, replica, is_root=True)
        self.boot(server, replica)
        self.shelve(server)
        self.detach(server, replica)
        self.attach(server, own, device=self.root(server)[0])
        self.boot(server, own)

    @utils.services("volume", "image")
    def test_a_root_that_is_in_use_stays(self) -> None:
        """Neither a running nor a stopped server loses its root, nor gets a second one."""
        root = self.new_volume()
        other = self.new_volume()
        mapping = {"uuid": root, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
        server = self.create_test_server(image_id="", block_device_mapping_v2=[mapping], wait_until="ACTIVE")["id"]
        self.assert_root_is_kept(server, root, other)
        self.servers_client.stop_server(server)
        waiters.wait_for_server_status(self.servers_client, server, "SHUTOFF")
        self.assert_root_is_kept(server, root, other)

    def assert_root_is_kept(self, server: str, root: str, other: str) -> None:
        """Try to detach the root and to attach another one."""
        client = self.servers_client
        self.assertRaises(exceptions.Forbidden, client.detach_volume, server, root)
        self.assertRaises(exceptions.Forbidden, client.attach_volume, server, volumeId=other, is_root=True)
        self.assertEqual(root, self.root(server)[2])
        waiters.wait_for_volume_resource_status(self.volumes_client, other, "available")

    @utils.services("volume", "image")
    def test_refusals_while_shelved(self) -> None:
        """A second root, a root of another server, a detach of what is gone: refused, and nothing has changed."""
        server, root = self.shelved()
        taken = self.shelved()[1]
        client = self.servers_client
        self.assertRaises(exceptions.Conflict, client.attach_volume, server, volumeId=taken, is_root=True)
        self.detach(server, root)
        self.assertRaises(exceptions.BadRequest, client.attach_volume, server, volumeId=taken, is_root=True)
        self.assertRaises(exceptions.NotFound, client.detach_volume, server, root)
        self.assertEqual((False, None), self.root(server)[1:])
        self.attach(server, root, is_root=True)
        self.boot(server, root)
