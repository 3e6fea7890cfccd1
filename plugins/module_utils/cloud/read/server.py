# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what decisions look at: a server with its volumes, its ports and what the cloud says of its root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...data.errors import CloudError
from ...data.seen import Offer, RootAnswer, Seen, Volume
from ...data.texts import one_line
from .. import parse
from ..lookup import Lookup
from ..names import need
from ..session import GUARDED_ALIAS, Session


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
    return seen(Lookup(cloud), ref, assume)


def seen(look: Lookup, ref: str, assume: bool = False) -> Seen:
    """As `server`, from wherever ``look`` gets it."""
    data = look.find("server", ref)
    what = offer(look.cloud, assume)
    if data is None:
        return Seen(None, what)
    found = parse.server(data, attachments(look.cloud, data))
    return Seen(
        server=found,
        offer=what,
        volumes=volumes(look, [a.volume_id for a in found.attachments]),
        ports=tuple(parse.port(item) for item in look.ports_of(found.id)),
        root_answer=root_answer(look, found.id, what),
    )


def attachments(cloud: Session, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The volumes of a server with their tags and devices, which no list tells; not asked for if it has none."""
    if data.get("os-extended-volumes:volumes_attached") == []:
        return []
    return cloud.get("compute", f"/servers/{data['id']}/os-volume_attachments")["volumeAttachments"]


def root_answer(look: Lookup, server_id: str, what: Offer) -> RootAnswer | None:
    """What the guarded API says of the root of a server; None without it (a vendor's may lack the request)."""
    if not what.guarded_api:
        return None
    try:
        return parse.root_answer(look.root_of(server_id))
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
    return one_line(f"Nova says that {newest['action']} failed{where} (request id {newest['request_id']}).")


def volumes(look: Lookup, ids: Iterable[str]) -> dict[str, Volume]:
    """The volumes with these ids that exist, by id."""
    found = {volume_id: look.by_id("volume", volume_id) for volume_id in ids}
    return {volume_id: parse.volume(data) for volume_id, data in found.items() if data is not None}


def volume(cloud: Session, ref: str) -> Volume:
    """The volume with this id or name.

    :raises NotFound: if there is none.
    """
    return parse.volume(need(cloud, "volume", ref))
