# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before the first step of a build."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...data.seen import Port, Source, Surroundings, Volume
from ...data.steps import Finding, Refusal, Step, refused_for
from ...data.wanted import DiskWanted, NicWanted, ServerWanted
from .build_steps import MAKING, READY, build_steps

#: What to do about the problems of a build.
CORRECT = "Nothing was changed. Correct this, then repeat."


def proved_build(
    server: ServerWanted, around: Surroundings, wanted: str, todo: str = CORRECT, more: Iterable[Finding] = ()
) -> tuple[Step, ...] | Refusal:
    """The steps of a build that can work, or a refusal with all that stands in its way.

    :param more: what else stands in its way.
    """
    found = [*problems(server, around), *more]
    return refused_for("cannot_build", wanted, found, todo) if found else build_steps(server, around)


def problems(wanted: ServerWanted, around: Surroundings) -> Iterator[Finding]:
    """Everything that the cloud would refuse, or that would leave something half-made; nothing if it can work."""
    if not around.flavor:
        yield _unknown("flavor", wanted.flavor or "(none given)")
    for disk in wanted.disks:
        yield from _given(disk, around) if disk.kind == "volume" else _made(disk, around, wanted.name)
    for nic in wanted.nics:
        yield from _port(nic, around)
    for (kind, ref), known in sorted(around.ids.items()):
        if not known:
            yield _unknown(kind.replace("_", " "), ref)
    zone, zones = wanted.availability_zone, ", ".join(sorted(around.zones)) or "none"
    if zone and zone not in around.zones:
        words = f"there is no availability zone {zone}, only {zones}"
        yield Finding("availability_zone", zone, zones, words)


def _unknown(kind: str, ref: str) -> Finding:
    return Finding(kind, ref, None, f"the cloud knows no {kind} {ref}")


def _given(disk: DiskWanted, around: Surroundings) -> Iterator[Finding]:
    volume, what = around.given.get(disk.tag), f"volume {disk.ref}"
    if volume is None:
        yield _unknown("volume", disk.ref)
        return
    if volume.attached_to:
        holder = f"attached to server {', '.join(volume.attached_to)}"
        yield Finding(f"status of {what}", "available", holder, f"{what} is {holder}")
    elif volume.status != "available":
        yield Finding(f"status of {what}", "available", volume.status, f"{what} is {volume.status}, not available")
    if disk.boot_index == 0 and not volume.bootable:
        yield Finding(f"bootable flag of {what}", True, False, f"{what} is not marked bootable")
    if disk.size and volume.size < disk.size:
        words = f"{what} has {volume.size} GiB, {disk.size} are wanted"
        yield Finding(f"size of {what}", f"{disk.size} GiB", f"{volume.size} GiB", words)


def _made(disk: DiskWanted, around: Surroundings, server: str) -> Iterator[Finding]:
    volumes = around.same_name.get(disk.tag, ())
    for volume in volumes:
        yield from _left_over_problems(disk, volume, server)
    if len([volume for volume in volumes if volume.marks.building == server]) > 1:
        words = f"{len(volumes)} volumes {disk.name} are left over from earlier runs (delete all but one)"
        yield Finding(f"volumes {disk.name}", 1, len(volumes), words)
    if disk.kind != "blank":
        yield from _source_problems(disk, around.sources.get(disk.tag), around)


def _left_over_problems(disk: DiskWanted, volume: Volume, server: str) -> Iterator[Finding]:
    """Why a volume that has the name already is not the one that a killed run made for this server."""
    what = f"volume {disk.name}"
    left_over = f"{what}, left over from an earlier run,"
    if volume.marks.building != server:
        words = (
            f"a {what} exists already and was not made for this server (name it as the source volume,"
            " choose another name, or delete it)"
        )
        yield Finding(what, "not there yet", volume.status, words)
    elif volume.status not in MAKING | {"available"}:
        yield Finding(f"status of {what}", "available", volume.status, f"{left_over} is {volume.status} (delete it)")
    elif disk.size and volume.size != disk.size:
        words = f"{left_over} has {volume.size} GiB, {disk.size} are wanted (delete it)"
        yield Finding(f"size of {what}", f"{disk.size} GiB", f"{volume.size} GiB", words)


def _source_problems(disk: DiskWanted, source: Source | None, around: Surroundings) -> Iterator[Finding]:
    what = f"{disk.kind} {disk.ref}"
    if source is None:
        yield _unknown(disk.kind, disk.ref)
        return
    if source.status != READY[disk.kind]:
        words = f"{what} is {source.status}, not {READY[disk.kind]}"
        yield Finding(f"status of {what}", READY[disk.kind], source.status, words)
    least = max(source.size, source.min_disk)
    if disk.size and disk.size < least:
        words = f"{what} needs at least {least} GiB, the volume {disk.name} is to have {disk.size}"
        yield Finding(f"size of volume {disk.name}", f"{disk.size} GiB", f"at least {least} GiB are needed", words)
    if disk.boot_index == 0 and around.flavor and around.flavor.ram < source.min_ram:
        has = f"flavor {around.flavor.name} has {around.flavor.ram}"
        words = f"image {disk.ref} needs {source.min_ram} MiB of memory, {has}"
        yield Finding(f"memory of {what}", f"{source.min_ram} MiB", f"{around.flavor.ram} MiB", words)


def _port(nic: NicWanted, around: Surroundings) -> Iterator[Finding]:
    ports = around.ports.get(nic.name, ())
    if nic.port and not ports:
        yield _unknown("port", nic.port)
    if len(ports) > 1:
        yield Finding(f"ports {nic.name}", 1, len(ports), f"{len(ports)} ports carry the name {nic.name}")
    if not ports and nic.network in around.foreign_networks:
        yield from _not_to_be_chosen(nic)
    for port in ports:
        yield from _taken(nic, port, f"port {port.name or port.id}")


def _not_to_be_chosen(nic: NicWanted) -> Iterator[Finding]:
    """neutron/conf/policies/port.py, create_port:fixed_ips:ip_address and create_port:mac_address."""
    for what, value in (("address", nic.fixed_ip), ("MAC address", nic.mac)):
        if value:
            words = (
                f"network {nic.network} belongs to another project, and Neutron lets only its owner choose the {what} "
                f"{value} (leave it out, or have the port made and name it)"
            )
            yield Finding(f"{what} of port {nic.name}", value, "not to be chosen", words)


def _taken(nic: NicWanted, port: Port, what: str) -> Iterator[Finding]:
    if port.device_id:
        yield Finding(f"owner of {what}", "none", port.device_id, f"{what} belongs to {port.device_id}")
    if nic.fixed_ip and nic.fixed_ip not in port.fixed_ips:
        has = ", ".join(port.fixed_ips)
        yield Finding(f"address of {what}", nic.fixed_ip, has, f"{what} has the address {has}, not {nic.fixed_ip}")
    if nic.mac and nic.mac.lower() != port.mac.lower():
        words = f"{what} has the MAC address {port.mac}, not {nic.mac}"
        yield Finding(f"MAC address of {what}", nic.mac, port.mac, words)
