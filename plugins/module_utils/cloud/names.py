# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names become ids here, once. More than one match is an error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..data.errors import Ambiguous, CloudError, Foreign, NotFound
from .session import Session

_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\Z", re.IGNORECASE)


def looks_like_id(text: str) -> bool:
    """Whether ``text`` has the form of an id of OpenStack."""
    return bool(_ID.match(text))


@dataclass(frozen=True)
class Kind:
    """Where a kind of resource is found. ``by_name``: its list filters names "exact", by "regex" or not at all ("")."""

    service: str
    path: str
    lists: str
    key: str
    by_name: str = "exact"
    words: str = ""


KINDS = {
    "server": Kind("compute", "/servers", "servers", "server", "regex"),
    "flavor": Kind("compute", "/flavors", "flavors", "flavor", ""),
    "server_group": Kind("compute", "/os-server-groups", "server_groups", "server_group", "", "server group"),
    "volume": Kind("block_storage", "/volumes", "volumes", "volume"),
    "volume_type": Kind("block_storage", "/types", "volume_types", "volume_type", "", "volume type"),
    "snapshot": Kind("block_storage", "/snapshots", "snapshots", "snapshot"),
    "backup": Kind("block_storage", "/backups", "backups", "backup"),
    "image": Kind("image", "/images", "images", ""),
    "network": Kind("network", "/networks", "networks", "network"),
    "subnet": Kind("network", "/subnets", "subnets", "subnet"),
    "port": Kind("network", "/ports", "ports", "port"),
    "security_group": Kind("network", "/security-groups", "security_groups", "security_group", words="security group"),
}

#: Kinds that other projects can share with a project, and their names with them.
SHARED = frozenset({"network", "security_group"})

_WITH_DETAIL = ("server", "flavor", "volume", "snapshot", "backup")

#: Most images that Glance lists in one page (api_limit_max); it would list 25.
_IMAGES = "limit=1000"


def list_path(kind: str) -> str:
    """The path of the list of all resources of a kind."""
    path = KINDS[kind].path + ("/detail" if kind in _WITH_DETAIL else "")
    return f"{path}?{_IMAGES}" if kind == "image" else path


def named(cloud: Session, kind: str, name: str) -> list[dict[str, Any]]:
    """All resources of a kind that have exactly this name."""
    what = KINDS[kind]
    query = {"exact": f"?name={quote(name)}", "regex": f"?name={quote('^' + re.escape(name) + '$')}", "": ""}[
        what.by_name
    ]
    path = what.path + ("/detail" if kind in _WITH_DETAIL else "") + query
    return [item for item in cloud.pages(what.service, path, what.lists) if item.get("name") == name]


def by_id(cloud: Session, kind: str, resource_id: str) -> dict[str, Any] | None:
    """The resource with this id, or None."""
    what = KINDS[kind]
    try:
        answer = cloud.get(what.service, f"{what.path}/{quote(resource_id)}")
    except CloudError as error:
        if error.status == 404:
            return None
        raise
    return answer[what.key] if what.key else answer


def may_be_id(kind: str, ref: str) -> bool:
    """Whether ``ref`` may be an id and not a name: the id of a flavor may be any text."""
    return looks_like_id(ref) or kind == "flavor"


def one(cloud: Session, kind: str, ref: str, matches: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The only one of the resources that carry a name, or None.

    :raises Ambiguous: if there are several.
    :raises Foreign: if only other projects have one.
    """
    matches = _own(cloud, kind, ref, matches)
    if len(matches) > 1:
        words = KINDS[kind].words or kind
        ids = ", ".join(sorted(item["id"] for item in matches))
        raise Ambiguous(
            f"{cloud.label}: the name {ref} is carried by {len(matches)} {words}s ({ids}). Say which by its id.",
            kind=kind,
            ids=sorted(item["id"] for item in matches),
        )
    return matches[0] if matches else None


def _own(cloud: Session, kind: str, name: str, matches: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The resources of the own project. Any project may share a network or a group with any other, under any name."""
    project = cloud.who()[0] if matches and kind in SHARED else None
    own = [item for item in matches if project in (None, item.get("project_id", project))]
    if own or not matches:
        return own
    words, ids = KINDS[kind].words or kind, sorted(item["id"] for item in matches)
    raise Foreign(
        f"{cloud.label}: the {words} {name} ({', '.join(ids)}) is of another project, which may share it under any "
        f"name. If you mean it, name it by its id.",
        kind=kind,
        ids=ids,
    )


def find(cloud: Session, kind: str, ref: str) -> dict[str, Any] | None:
    """The one resource with this id or name, or None.

    :raises Ambiguous: if several carry the name.
    :raises Foreign: if only other projects have one of that name.
    """
    found = by_id(cloud, kind, ref) if may_be_id(kind, ref) else None
    return found if found is not None else one(cloud, kind, ref, named(cloud, kind, ref))


def need(cloud: Session, kind: str, ref: str) -> dict[str, Any]:
    """As `find`, for what must exist.

    :raises NotFound: if nothing has this id or name.
    """
    found = find(cloud, kind, ref)
    if found is None:
        words = KINDS[kind].words or kind
        raise NotFound(f"{cloud.label} knows no {words} {ref}. Check the name and the project.", kind=kind, ref=ref)
    return found
