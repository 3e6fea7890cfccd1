# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""oslo.db on SQLite with many threads: writers queue instead of failing, and connections are kept.

oslo.db begins every transaction with a plain BEGIN. One that reads first and writes later then fails at once with
"database is locked" when another has written in between, whatever the busy timeout.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from oslo_db.sqlalchemy import enginefacade, engines
from sqlalchemy import event

BUSY_MILLISECONDS = 60_000
THREAD = threading.local()


def install() -> None:
    """Replace how oslo.db makes engines and begins transactions. Before any service module is imported."""
    mark_writers()
    keep_connections()
    original = engines.create_engine

    def create_engine(*arguments: Any, **named: Any) -> Any:
        engine = original(*arguments, **named)
        if engine.dialect.name == "sqlite":
            begin_by_mode(engine)
        return engine

    engines.create_engine = create_engine


def mark_writers() -> None:
    """Remember for each thread whether the transaction it is about to begin will write."""
    original = enginefacade._TransactionContext._produce_block

    @contextlib.contextmanager
    def _produce_block(self: Any, mode: Any, **named: Any) -> Iterator[Any]:
        before = getattr(THREAD, "writer", False)
        # self.mode is that of the outermost transaction: a reader nested in a writer belongs to the writer
        THREAD.writer = enginefacade._WRITER in (mode, self.mode)
        try:
            with original(self, mode=mode, **named) as result:
                yield result
        finally:
            THREAD.writer = before

    enginefacade._TransactionContext._produce_block = _produce_block


def keep_connections() -> None:
    """Use a pool: oslo.db forces none on SQLite files, so each transaction would parse the whole schema again."""
    original = sqlalchemy.create_engine

    def create_engine(url: Any, **named: Any) -> Any:
        if named.get("poolclass") is sqlalchemy.pool.NullPool and str(url).startswith("sqlite"):
            named.update(poolclass=sqlalchemy.pool.QueuePool, pool_size=30, max_overflow=70, pool_timeout=60)
            named["connect_args"] = {**(named.get("connect_args") or {}), "check_same_thread": False}
        return original(url, **named)

    sqlalchemy.create_engine = create_engine


def begin_by_mode(engine: Any) -> None:
    """Let writers of an engine begin with BEGIN IMMEDIATE, which waits for its turn."""

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        connection.execute("PRAGMA synchronous=OFF")  # survives killed processes; only a machine's crash loses data

    @event.listens_for(engine, "checkin")
    def forget_transaction(_connection: Any, record: Any) -> None:
        record.info.pop("in_transaction", None)

    for function in list(engine.dispatch.begin):  # oslo.db's own BEGIN
        event.remove(engine, "begin", function)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if "in_transaction" not in connection.info:
            how = "BEGIN IMMEDIATE" if getattr(THREAD, "writer", False) else "BEGIN"
            connection.execute(sqlalchemy.text(how))
            connection.info["in_transaction"] = True
