# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""oslo.messaging: the in-memory transport waits on a condition instead of polling every 50 ms. Only latency changes."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from oslo_messaging._drivers import base, impl_fake

WAKE_SECONDS = 1.0
"""How often a waiting listener looks whether it was stopped."""

ARRIVED = threading.Condition()


def install() -> None:
    """Replace delivery and polling of the fake:// driver."""
    deliver = impl_fake.FakeExchange.deliver_message

    def deliver_message(self: Any, *arguments: Any, **named: Any) -> None:
        deliver(self, *arguments, **named)
        with ARRIVED:
            ARRIVED.notify_all()

    impl_fake.FakeExchange.deliver_message = deliver_message
    impl_fake.FakeListener.poll = base.batch_poll_helper(poll)


def poll(self: Any, timeout: float | None = None) -> Any:
    """Return the next message for this listener, or None when the time is over (s; None: no limit)."""
    end = math.inf if timeout is None else time.monotonic() + timeout
    message, left = None, math.inf
    while message is None and left > 0 and not self._stopped.is_set():
        message, left = look(self, end)
    return message


def look(listener: Any, end: float) -> tuple[Any, float]:
    """Return a message and the time that is left (s); if there is no message, wait a while for one to arrive."""
    with ARRIVED:
        message = next_message(listener)
        left = end - time.monotonic()
        if message is None and left > 0:
            ARRIVED.wait(min(left, WAKE_SECONDS))
    return message, left


def next_message(listener: Any) -> Any:
    """Return a message that has arrived for one of the listener's targets, or None."""
    for target in listener._targets:
        exchange = listener._exchange_manager.get_exchange(target.exchange)
        context, message, reply_queue, requeue = exchange.poll(target, listener._pool)
        if message is not None:
            return impl_fake.FakeIncomingMessage(context, message, reply_queue, requeue)
    return None
