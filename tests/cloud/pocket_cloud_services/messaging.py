# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""oslo.messaging: the in-memory transport waits on a condition instead of polling every 50 ms. Only latency changes."""

from __future__ import annotations

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
    end = None if timeout is None else time.monotonic() + timeout
    while not self._stopped.is_set():
        with ARRIVED:
            message = next_message(self)
            if message is not None:
                return message
            left = WAKE_SECONDS if end is None else end - time.monotonic()
            if left <= 0:
                return None
            ARRIVED.wait(min(left, WAKE_SECONDS))
    return None


def next_message(listener: Any) -> Any:
    """Return a message that has arrived for one of the listener's targets, or None."""
    for target in listener._targets:
        exchange = listener._exchange_manager.get_exchange(target.exchange)
        context, message, reply_queue, requeue = exchange.poll(target, listener._pool)
        if message is not None:
            return impl_fake.FakeIncomingMessage(context, message, reply_queue, requeue)
    return None
