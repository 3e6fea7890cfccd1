# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the next page of a list is: each service says it in its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def following(path: str, page: Mapping[str, Any], key: str) -> str:
    """The path of the next page, "" if this is the last one: the old path with the query of the link.

    :param key: the name of the list in the page.
    """
    links = page.get(f"{key}_links") or ()
    link = next((link["href"] for link in links if link.get("rel") == "next"), page.get("next") or "")
    if not isinstance(link, str):
        raise TypeError(f"the next page is {type(link).__name__}")
    return path.partition("?")[0] + "?" + link.partition("?")[2] if link else ""
