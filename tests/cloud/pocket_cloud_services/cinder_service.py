# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cinder: API, scheduler, volume and backup in one process."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from pocket_cloud import site

from pocket_cloud_services import environment

RUNNING: list[Any] = []  # services must not be collected as garbage


def load(place: site.Site) -> tuple[Any, Callable[[], None]]:
    """Return the API application and the function that starts the workers."""
    sys.argv = ["cinder", "--config-file", str(place.etc / "cinder.conf")]
    from cinder import monkey_patch

    monkey_patch.patch(backend="threading")
    environment.install_replacements()
    call_instead_of_tpool()
    # these two register command line options: they must be imported before the configuration is parsed
    import cinder.cmd.backup
    import cinder.cmd.volume  # noqa: F401
    from cinder.wsgi import api

    hash_zeros_once()
    run_privileged_code_here()
    pin_heartbeat_rows()
    environment.load_policies("cinder.policy")
    return api.application, start_workers


def call_instead_of_tpool() -> None:
    """Replace eventlet's thread pool by plain calls.

    cinder.image.image_utils uses it even with native threads, where the second call never returns.
    """
    from eventlet import tpool

    tpool.Proxy = lambda wrapped, *_, **__: wrapped
    tpool.execute = lambda function, *arguments, **named: function(*arguments, **named)
    tpool.set_num_threads = lambda _number: None


class Hashes:
    """In the place of hashlib: the same hashes, those of zeros calculated once for each length."""

    def sha256(self, data: bytes, **options: Any) -> Any:
        """As in hashlib."""
        return self._hashed("sha256", data, options)

    def md5(self, data: bytes, **options: Any) -> Any:
        """As in hashlib."""
        return self._hashed("md5", data, options)

    def _hashed(self, name: str, data: bytes, options: dict[str, Any]) -> Any:
        if data == _zeros(len(data)):
            return _of_zeros(name, len(data))
        return hashlib.new(name, data, **options)


@functools.lru_cache(maxsize=4)
def _zeros(length: int) -> bytes:
    return bytes(length)


@functools.lru_cache
def _of_zeros(name: str, length: int) -> Any:
    return hashlib.new(name, bytes(length), usedforsecurity=False)


def hash_zeros_once() -> None:
    """The disks here are mostly zeros, and to hash them took most of the time of a backup."""
    from cinder.backup import chunkeddriver

    chunkeddriver.hashlib = Hashes()


def run_privileged_code_here() -> None:
    """Run what cinder would do as root as the user who runs the pocket cloud: its volumes are that user's files."""
    import cinder.privsep
    import cinder.utils
    import os_brick
    import os_brick.privileged
    from oslo_config import cfg

    os_brick.setup(cfg.CONF)
    cinder.privsep.sys_admin_pctxt.set_client_mode(False)
    os_brick.privileged.default.set_client_mode(False)
    cinder.utils.get_root_helper = lambda: "env"  # a prefix to each command that adds nothing, instead of sudo


def pin_heartbeat_rows() -> None:
    """Let each service write its own heartbeat: cinder keeps the row's id in an attribute of the class."""
    from cinder import service

    lock = threading.Lock()
    original = service.Service.report_state

    def report_state(self: Any) -> None:
        with lock:
            kept = service.Service.service_id
            service.Service.service_id = self.origin_service_id
            try:
                original(self)
            finally:
                service.Service.service_id = kept

    service.Service.report_state = report_state


def start_workers() -> None:
    """Start backup, volume and scheduler."""
    from cinder import service, utils
    from cinder.cmd import volume
    from cinder.common import constants
    from oslo_config import cfg

    (back_end,) = cfg.CONF.enabled_backends
    cfg.CONF.register_opt(volume.host_opt, group=back_end)
    semaphore = utils.semaphore_factory(cfg.CONF.backup_max_operations, 1)
    start(binary="cinder-backup", coordination=True, service_name="backup", process_number=1, semaphore=semaphore)
    host = f"{cfg.CONF.host}@{back_end}"
    start(binary=constants.VOLUME_BINARY, coordination=True, service_name=back_end, host=host)
    # the scheduler sleeps for one interval (60 s) while the back ends of other processes report; ours did already
    cfg.CONF.set_override("periodic_interval", 1)
    start(binary="cinder-scheduler")
    cfg.CONF.clear_override("periodic_interval")
    volume_service = next(worker for worker in RUNNING if worker.binary == constants.VOLUME_BINARY)
    service.Service.service_id = volume_service.origin_service_id


def start(**options: Any) -> None:
    """Start a worker and report its first heartbeat now: the one in a copied or old database would look dead."""
    from cinder import service

    worker = service.Service.create(**options)
    worker.start()
    worker.report_state()
    RUNNING.append(worker)
