# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The entry point for Paste. It looks at what this Nova has before it imports the parts that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oslo_config import cfg
from oslo_log import log as logging

from . import needs, options

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)


class CannotLoadError(Exception):
    """The filter refuses to load, so nova-api does not start. A guard that does not work would do harm unseen."""


def factory(_global_conf: dict[str, str], **local_conf: str) -> Callable[[Any], Any]:
    """Make the filter.

    Args:
        local_conf: must be empty; the options are in nova.conf, see ``options``.

    Raises:
        CannotLoadError: this Nova lacks something, or an option has no good value.
    """
    if local_conf:
        raise _refusal(f"api-paste.ini has options that belong into [root_volume] of nova.conf: {sorted(local_conf)}")
    lacking = needs.missing()
    if lacking:
        raise _refusal(f"this Nova lacks {', '.join(lacking)}. Nova 28 (2023.2) is the oldest that has all")
    stale_after = _stale_after(cfg.CONF)
    from . import last_look, policies, router

    policies.register()
    last_look.install()
    return lambda app: router.RootVolumeFilter(app, stale_after)


def _stale_after(conf: Any) -> float:
    options.register(conf)
    try:
        return conf.root_volume.stale_task_seconds
    except (cfg.Error, ValueError) as error:
        raise _refusal(f"nova.conf, [root_volume]: {error}") from error


def _refusal(why: str) -> CannotLoadError:
    text = f"The root volume filter does not load: {why}."
    LOG.error(text)
    return CannotLoadError(text)
