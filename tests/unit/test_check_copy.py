# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Cinder copies from images without data is asked by a request that cannot succeed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, StandbyError
from loopback_cloud import Fails, LoopbackCloud

REIMAGE = "POST block_storage /volumes/v/action"


def test_whether_cinder_copies_from_images_without_data_is_asked_once(cloud: LoopbackCloud, session: Any) -> None:
    """By a copy that no Cinder would make; the image for it is gone afterwards."""
    cloud.answers["POST image /images"] = {"id": "i"}
    cloud.answers[REIMAGE] = Fails(404)
    for _server in (1, 2):
        assert VERBS["check_copy"](session, volume_id="v") == {}
    assert [request.line for request in cloud.sent] == ["POST image /images", REIMAGE, "DELETE image /images/i"]
    assert cloud.sent[1].body == {"os-reimage": {"image_id": "i", "reimage_reserved": False}}


@pytest.mark.parametrize("answer", [Fails(400), {}], ids=["refused for its status", "taken"])
def test_a_cinder_that_would_copy_nothing_is_refused(cloud: LoopbackCloud, session: Any, answer: Any) -> None:
    cloud.answers["POST image /images"] = {"id": "i"}
    cloud.answers[REIMAGE] = answer
    with pytest.raises(StandbyError, match=r"Cinder 27 \(2025.2\) or newer is needed for reimage. Nothing was copied."):
        VERBS["check_copy"](session, volume_id="v")
    assert cloud.sent[-1].line == "DELETE image /images/i"


def test_an_answer_that_tells_nothing_is_an_error(cloud: LoopbackCloud, session: Any) -> None:
    cloud.answers["POST image /images"] = {"id": "i"}
    cloud.answers[REIMAGE] = Fails(500)
    with pytest.raises(CloudError, match="was answered with 500"):
        VERBS["check_copy"](session, volume_id="v")
    assert cloud.sent[-1].line == "DELETE image /images/i"
