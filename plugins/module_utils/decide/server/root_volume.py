# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volume is the root of a server, and who may take it off or put one on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...data.seen import Attachment, Root, RootAnswer, Seen, Server, Volume
from ...data.steps import Decision, Plan, Refusal, Step, Until, first_refusal
from .facts import server_facts
from .states import lacks_guarded_api, locked, not_dormant_able, not_volume_backed

#: The tag that the collection gives to the root attachment of the servers that it makes.
ROOT_TAG = "root"

#: The task state of a server while the guarded API detaches or attaches its root; it stays if nova-api dies.
ROOT_TASK = "block_device_mapping"


def which_root(seen: Seen) -> Root:
    """Which volume is the root. No answer of Nova has `boot_index`, so the first of these that gives an answer counts.

    1. the guarded API (``os-root-volume``); 2. for administrators the attachment whose device is
    ``OS-EXT-SRV-ATTR:root_device_name``; 3. the attachment tagged ``root``; 4. the only attachment whose device
    name ends in "a", if that volume is bootable. An image-backed server has none.
    """
    server, answer = seen.server, seen.root_answer
    if server is None:
        return Root(None)
    if answer is not None:
        return Root(answer.present, answer.volume_id, answer.device, "guarded API")
    if server.image_id:
        return Root(False, found_by="the server boots from an image")
    for found_by, found in (
        ("root_device_name", [a for a in server.attachments if a.device and a.device == server.root_device_name]),
        (f"tag {ROOT_TAG}", [a for a in server.attachments if a.tag == ROOT_TAG]),
        ("first bootable device", _first_bootable(server.attachments, seen.volumes)),
    ):
        if len(found) == 1:
            return Root(True, found[0].volume_id, found[0].device, found_by)
    return Root(None)


def root_volume_of(seen: Seen) -> Volume | None:
    """The volume that is the root; None if there is none, or if nothing is known of it."""
    return seen.volumes.get(which_root(seen).volume_id or "")


def is_leaving(seen: Seen) -> bool:
    """Whether a detach of the root began and has not ended. The root is never used again: only a detach ends this."""
    return seen.root_answer is not None and seen.root_answer.task == "detaching"


def without_root_task(seen: Seen) -> Server:
    """The server, idle if its only task is a detach or attach of its root.

    If that broke off, only the repeated request takes the task away. While it works, the cloud refuses another.
    """
    server, answer = seen.found, seen.root_answer
    is_ours = answer is not None and answer.task is not None and server.task_state == ROOT_TASK
    return replace(server, task_state=None) if is_ours else server


def _first_bootable(attachments: tuple[Attachment, ...], volumes: Mapping[str, Volume]) -> list[Attachment]:
    first = [a for a in attachments if a.device and a.device.endswith("a")]
    return [a for a in first if len(first) == 1 and a.volume_id in volumes and volumes[a.volume_id].bootable]


def decide_detach(seen: Seen, server_name: str, volume_id: str | None = None) -> Decision:
    """Takes the root volume off a server that is shelved and offloaded.

    :param volume_id: if given, the volume that must be the root.
    """
    wanted = f"detach the root volume of server {server_name}"
    refusal = _guard(seen, wanted)
    if refusal:
        return refusal
    root, server = which_root(seen), seen.found
    if root.present is None:
        return unknown_root(wanted, server)
    if root.present and volume_id and root.volume_id != volume_id:
        return Refusal(
            "other_root",
            wanted,
            f"its root is volume {root.volume_id}, not {volume_id}",
            "Name the volume that is root, or leave the option volume out.",
        )
    if not root.present:
        return Plan(server_facts(seen, root), server_facts(seen, root))
    refusal = locked(server, wanted) or not_dormant_able(without_root_task(seen), wanted)
    if refusal:
        return refusal
    gone = replace(root, present=False, volume_id=None)
    without = replace(seen, server=without_volume(server, root.volume_id), root_answer=answer_about(seen, gone))
    return Plan(server_facts(seen, root), server_facts(without, gone), detach_steps(seen, root))


def detach_steps(seen: Seen, root: Root) -> tuple[Step, ...]:
    """The steps that take ``root`` off.

    Nova deletes a volume with ``delete_on_termination`` when it is detached from a shelved server, so the flag is
    cleared first (nova/compute/api.py, _local_cleanup_bdm_volumes). A 202 does not mean detached: wait for Cinder.
    """
    server = seen.found
    what = f"root volume {volume_label(seen, root.volume_id)}"
    step = detach_step(what, root.volume_id, server.id, server.name)
    return (*clear_delete_flags(server, (root.volume_id,)), step)


def detach_step(what: str, volume_id: object, server_id: object, server: str) -> Step:
    """The step that takes a volume off.

    :param what: such as "volume db-data".
    """
    args = {"server_id": server_id, "volume_id": volume_id}
    return Step("detach_volume", f"detach {what} from server {server}", args, until_detached(volume_id))


def until_detached(volume_id: object) -> Until:
    """The wait after a detach."""
    return Until("volume", volume_id, frozenset({"available"}), frozenset({"in-use", "reserved", "detaching"}))


def until_attached(volume_id: object) -> Until:
    """The wait after an attach to a shelved server: a root is `reserved`, a data volume `in-use`."""
    return Until("volume", volume_id, frozenset({"reserved", "in-use"}), frozenset({"attaching"}))


def clear_delete_flags(server: Server, volume_ids: tuple[str | None, ...]) -> tuple[Step, ...]:
    """Steps that clear ``delete_on_termination`` of those of the volumes that have it."""
    return tuple(
        Step(
            "set_delete_on_termination",
            f"clear delete_on_termination of volume {a.volume_id} at server {server.name}",
            {"server_id": server.id, "volume_id": a.volume_id, "value": False},
        )
        for a in server.attachments
        if a.delete_on_termination and a.volume_id in volume_ids
    )


def decide_attach(seen: Seen, server_name: str, volume: Volume) -> Decision:
    """Puts ``volume`` on as the root of a server that is shelved and offloaded and has none."""
    wanted = f"attach volume {volume.name or volume.id} as the root of server {server_name}"
    refusal = _guard(seen, wanted)
    if refusal:
        return refusal
    server, root = seen.found, which_root(seen)
    if root.present is None:
        return unknown_root(wanted, server)
    if root.present and root.volume_id == volume.id and not is_leaving(seen):
        return Plan(server_facts(seen, root), server_facts(seen, root))
    if root.present and root.volume_id != volume.id:
        return Refusal(
            "root_present",
            wanted,
            f"volume {volume_label(seen, root.volume_id)} is its root",
            "Detach it first, for example with standby.openstack.server_root_volume_detach.",
        )
    refusal = locked(server, wanted) or not_dormant_able(without_root_task(seen), wanted)
    steps = refusal or put_on(seen, volume, wanted)
    if isinstance(steps, Refusal):
        return steps
    return Plan(server_facts(seen, root), server_facts(*with_root(seen, root, volume)), steps)


def put_on(seen: Seen, volume: Volume, wanted: str) -> tuple[Step, ...] | Refusal:
    """The steps that make ``volume`` the root of a server that has none, or whose root is this volume and leaving."""
    server, root = seen.found, which_root(seen)
    if not is_leaving(seen):
        return unfit_root(volume, server, wanted) or (attach_step(server, root, volume),)
    free = replace(volume, status="available", attached_to=())
    return unfit_root(free, server, wanted) or (*detach_steps(seen, root), attach_step(server, root, volume))


def with_root(seen: Seen, root: Root, volume: Volume) -> tuple[Seen, Root]:
    """The server as it will be with the volume as its root."""
    server, put_on = seen.found, Root(True, volume.id, root.device, root.found_by)
    attachments = (*server.attachments, Attachment(volume.id, root.device, ROOT_TAG))
    attached = replace(volume, status="reserved", attached_to=(server.id,))
    after = replace(
        seen,
        server=replace(server, attachments=attachments),
        volumes={**seen.volumes, volume.id: attached},
        root_answer=answer_about(seen, put_on),
    )
    return after, put_on


def attach_step(server: Server, root: Root, volume: Volume) -> Step:
    """The step that makes ``volume`` the root; the volume is `reserved` until the server is unshelved."""
    return Step(
        "attach_root",
        f"attach volume {volume.name or volume.id} as root {root.device} of server {server.name}",
        {"server_id": server.id, "volume_id": volume.id, "device": root.device},
        until_attached(volume.id),
    )


def unfit_root(volume: Volume, server: Server, wanted: str) -> Refusal | None:
    """Why ``volume`` cannot become the root of ``server``, or None."""
    return first_refusal(wanted, (
        (volume.attached_to and server.id not in volume.attached_to, "volume_in_use",
         f"it is attached to server {', '.join(volume.attached_to)}", "Detach it there, or take another volume."),
        (volume.status != "available", "volume_not_available",
         f"the volume is {volume.status}", "Wait until it is available, or take another volume."),
        (not volume.bootable, "volume_not_bootable",
         "the volume is not marked bootable", "If it holds a system, set the flag: openstack volume set --bootable."),
        (volume.multiattach, "volume_multiattach",
         "the volume is multiattach", "Nova attaches none to a shelved server: copy it to a volume of another type."),
    ))  # fmt: skip


def _guard(seen: Seen, wanted: str) -> Refusal | None:
    """What must hold for both: a server, volume-backed, on a cloud that offers the guarded API."""
    todo = "Stock Nova cannot do it, or does something else. If the cloud does offer it, say guarded_api: assume."
    lacks = None if seen.offer.guarded_api else Refusal("no_guarded_api", wanted, lacks_guarded_api(), todo)
    return not_volume_backed(seen, wanted) or lacks


def unknown_root(wanted: str, server: Server) -> Refusal:
    """The refusal when nothing tells which volume is the root."""
    return Refusal(
        "root_unknown",
        wanted,
        f"nothing tells which of its {len(server.attachments)} volumes is the root",
        f"Tag the root attachment '{ROOT_TAG}' when the server is made, or use administrator credentials.",
    )


def without_volume(server: Server, volume_id: str | None) -> Server:
    """The server once a volume is off."""
    return replace(server, attachments=tuple(a for a in server.attachments if a.volume_id != volume_id))


def answer_about(seen: Seen, root: Root) -> RootAnswer | None:
    """What the guarded API will say of this root, if the cloud has it."""
    if seen.root_answer is None:
        return None
    return RootAnswer(root.device or seen.root_answer.device, bool(root.present), root.volume_id)


def volume_label(seen: Seen, volume_id: str | None) -> str:
    """The name of a volume if it has one, else its id."""
    volume = seen.volumes.get(volume_id or "")
    return volume.name if volume and volume.name else str(volume_id)
