# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a site what runs there, with one deadline for everything: the site may be broken, or under attack."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...data.errors import StandbyError, Unreachable
from ...data.seen import Server, Volume
from ..errors import Unusable, understood
from ..lookup import ANY_TIME
from ..session import Session
from ..shared_lists import Inventory
from .recovery import servers, volumes

#: Seconds beyond the deadline, for requests that end at it to say why.
GRACE = 1.0

#: Whether anything answered; why servers and volumes could not be read, "" if they could; the servers; the volumes.
Answer = tuple[bool, str, tuple[Server, ...], tuple[Volume, ...]]


def ask(connect: Callable[[], Session], seconds: float) -> Answer:
    """Whether a site answers at all, why it could not be read ("" if it could), its servers and its volumes.

    Only a site whose identity service gives no answer does not answer: one whose Nova is silent, or for which a load
    balancer answers, or whose certificate expired, may still run servers. A list that is not complete at the deadline
    is unknown. Requests end at it by themselves; resolving a name, or trying many addresses, does not.
    """
    asking = _Asking(connect)
    thread = threading.Thread(target=asking.run, daemon=True)
    thread.start()
    thread.join(seconds + GRACE)
    return asking.answer or asking.late(seconds)


@dataclass
class _Asking:
    """One question, asked in a thread of its own."""

    connect: Callable[[], Session]
    cloud: Any = None
    answer: Answer | None = None

    def run(self) -> None:
        """Asks."""
        try:
            with understood("the other site", "connect"):
                self.cloud = self.connect()
                self.cloud.authenticate()
        except StandbyError as error:
            silent = isinstance(error, Unreachable) and not isinstance(error, Unusable)
            self.answer = not silent, str(error), (), ()
            return
        try:
            with understood(self.cloud.label, "read servers and volumes"):
                inventory = Inventory(self.cloud)
                self.answer = True, "", servers(inventory, ANY_TIME), volumes(inventory, ANY_TIME)
        except StandbyError as error:
            self.answer = True, str(error), (), ()

    def late(self, seconds: float) -> Answer:
        """The deadline passed."""
        cloud = self.cloud
        if cloud is not None:
            cloud.stop()
        heard = cloud is not None and cloud.bounds.heard
        return heard, f"no whole answer within {seconds:g} s" if heard else f"nothing within {seconds:g} s", (), ()
