# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Right before a server is deleted it is made sure that its volumes are kept."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.checks import check_volumes_kept
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from loopback_cloud import LoopbackCloud

ATTACHED = "GET compute /servers/s/os-volume_attachments"


@pytest.mark.parametrize(
    ("attached", "text"),
    [
        ([("a", False), ("b", False)], ""),
        ([("a", True), ("b", False)], "volumes a would be deleted with it. Repeat."),
        ([("a", False)], "volumes b were attached or detached meanwhile. Repeat."),
        ([("a", False), ("b", False), ("c", True)], "volumes c were attached or detached meanwhile. Repeat."),
    ],
)
def test_right_before_the_delete_it_is_looked_at_again(
    session: Any, cloud: LoopbackCloud, attached: list[tuple[str, bool]], text: str
) -> None:
    rows = [{"volumeId": name, "delete_on_termination": flag} for name, flag in attached]
    cloud.answers[ATTACHED] = {"volumeAttachments": rows}
    if not text:
        assert check_volumes_kept(session, "s", ["a", "b"]) == {}
        return
    with pytest.raises(StandbyError, match=f"server s is not deleted: {text}$"):
        check_volumes_kept(session, "s", ["a", "b"])
