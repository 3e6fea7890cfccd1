# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A second nova-api of the guarded site, for one request, with a fault in it. Runs in the services' environment.

Reads a JSON object from standard input: ``config`` (nova's configuration folder), ``request`` (method, path, headers,
body) and what is to go wrong:

``fail``    name of a function, "module.function" of nova_root_volume or "cinder.method", that raises RuntimeError
``crash``   the same, but the process ends there, as by SIGKILL
``settings``  environment variables that replace settings of nova.conf, such as OS_DATABASE__CONNECTION

Writes ``{"status": ..., "body": ...}``; exit status 66 says that it crashed as told.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

CRASHED = 66


def crash(*_args, **_kwargs):
    """End at once: no rollback, no clean-up."""
    os._exit(CRASHED)


def fail(*_args, **_kwargs):
    """Go wrong in a way that nobody expects."""
    raise RuntimeError("injected by the test")


def replace(name, function):
    """Put a function in the place of another one."""
    module, attribute = name.split(".")
    if module == "cinder":
        from nova.volume import cinder

        target = cinder.API
    else:
        target = importlib.import_module(f"nova_root_volume.{module}")
    assert hasattr(target, attribute), name
    setattr(target, attribute, function)


def load(order):
    """Build nova-api's application as its process does."""
    os.environ.update(order.get("settings", {}))  # oslo.config: OS_GROUP__OPTION wins over files
    os.environ.update(OS_NOVA_DISABLE_EVENTLET_PATCHING="1", OS_NOVA_CONFIG_DIR=order["config"])
    from pocket_cloud_services import nova_service

    return nova_service.load_api()


def main():
    """Send the one request."""
    order = json.load(sys.stdin)
    application = load(order)
    for kind, function in (("fail", fail), ("crash", crash)):
        if order.get(kind):
            replace(order[kind], function)
    import webob

    wanted = order["request"]
    request = webob.Request.blank(wanted["path"], method=wanted["method"], headers=wanted["headers"])
    if wanted["body"] is not None:
        request.body = json.dumps(wanted["body"]).encode()
        request.content_type = "application/json"
    answer = request.get_response(application)
    print(json.dumps({"status": answer.status_int, "body": answer.text}))
    sys.stdout.flush()
    os._exit(0)  # nova's threads would keep the process


if __name__ == "__main__":
    main()
