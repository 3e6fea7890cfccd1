# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what decisions look at: a server with its volumes, its ports and what the cloud says of its root."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import CloudError
from ..model import Offer, RootAnswer, Seen, Volume
from . import parse
from .find import by_id, find, need
from .session import GUARDED_ALIAS, Session


def offer(cloud: Session, assume: bool = False) -> Offer:
    """What the cloud offers for root volumes: read from its extension list, never tried out.

    :param assume: the operator declares that the guarded API is there.
    """
    advertised = cloud.advertises(GUARDED_ALIAS)
    how = "advertised" if advertised else "assumed" if assume else "not advertised"
    versions = cloud.version("compute"), cloud.version("block_storage")
    return Offer(advertised or assume, how, *versions)


def server(cloud: Session, ref: str, assume: bool = False) -> Seen:
    """The server with this id or name, its volumes and ports; `Seen.server` is None if there is none."""
    data = find(cloud, "server", ref)
    what = offer(cloud, assume)
    if data is None:
        return Seen(None, what)
    attachments = cloud.get("compute", f"/servers/{data['id']}/os-volume_attachments")["volumeAttachments"]
    found = parse.server(data, attachments)
    return Seen(
        server=found,
        offer=what,
        volumes=volumes(cloud, [a.volume_id for a in found.attachments]),
        ports=tuple(parse.port(item) for item in cloud.pages("network", f"/ports?device_id={found.id}", "ports")),
        root_answer=root_answer(cloud, found.id, what),
    )


def root_answer(cloud: Session, server_id: str, what: Offer) -> RootAnswer | None:
    """What the guarded API says of the root of a server; None without it (a vendor's may lack the request)."""
    if not what.guarded_api:
        return None
    try:
        return parse.root_answer(cloud.get("compute", f"/servers/{server_id}/os-root-volume"))
    except CloudError as error:
        if error.status == 404 and what.how == "assumed":
            return None
        raise


def last_failure(cloud: Session, server_id: str) -> str:
    """What Nova recorded about the newest action of a server, if that failed; "" otherwise.

    Members see which step failed, administrators (2.84) also why.
    """
    path = f"/servers/{server_id}/os-instance-actions"
    newest = next(iter(cloud.get("compute", path)["instanceActions"]), None)
    if newest is None or newest.get("message") != "Error":
        return ""
    action = cloud.get("compute", f"{path}/{newest['request_id']}")["instanceAction"]
    failed = [event for event in action.get("events") or () if event.get("result") == "Error"]
    steps = ", ".join(": ".join(filter(None, (event["event"], event.get("details")))) for event in failed)
    where = f" in {steps}" if steps else ""
    return f"Nova says that {newest['action']} failed{where} (request id {newest['request_id']})."


def volumes(cloud: Session, ids: Iterable[str]) -> dict[str, Volume]:
    """The volumes with these ids that exist, by id."""
    found = {volume_id: by_id(cloud, "volume", volume_id) for volume_id in ids}
    return {volume_id: parse.volume(data) for volume_id, data in found.items() if data is not None}


def volume(cloud: Session, ref: str) -> Volume:
    """The volume with this id or name.

    :raises NotFound: if there is none.
    """
    return parse.volume(need(cloud, "volume", ref))
