# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The options of the filter, in the group ``[root_volume]`` of nova.conf."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

GROUP = cfg.OptGroup(
    "root_volume",
    title="Guarded root volume API",
    help="Options of the Paste filter that lets users detach and attach the root volume of a shelved server.",
)

OPTIONS = (
    cfg.IntOpt(
        "stale_task_seconds",
        default=60,
        min=10,
        max=3600,
        help="""
Seconds after which a new attach or detach of a root volume may take the place of one that has not ended.

While such a call runs, the server has the task state ``block_device_mapping`` and other calls answer 409. If nova-api
dies in the middle, the task state stays. After this time a repeated detach takes over, or an attach from an attach.
Taking over from a call that is slow but alive is safe: the slow call then changes nothing and answers 409. An unshelve
never takes over.
""",
    ),
)


def register(conf: Any) -> None:
    """Make the options known to nova's configuration; again is harmless."""
    conf.register_group(GROUP)
    conf.register_opts(OPTIONS, group=GROUP)


def list_opts() -> list[tuple[cfg.OptGroup, tuple[cfg.Opt, ...]]]:
    """Return the options for oslo-config-generator."""
    return [(GROUP, OPTIONS)]
