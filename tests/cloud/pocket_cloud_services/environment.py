# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every service process needs before the first import of OpenStack code, and the services that are only an API."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from pocket_cloud import site

API_MODULES = {
    # service: (name under which it looks for its configuration, WSGI module)
    "keystone": ("keystone", "keystone.wsgi.api"),
    "placement": ("placement", "placement.wsgi.api"),
    "glance": ("glance-api", "glance.wsgi.api"),
    "neutron": ("neutron-api", "neutron.wsgi.api"),
}


def prepare(place: site.Site, service: str) -> None:
    """Point the service to its configuration and apply what all services need."""
    if site.port_of(service):
        # native threads: API and workers share the process, and eventlet would have to own all of it
        os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
    os.environ.update(
        OS_CINDER_DISABLE_EVENTLET_PATCHING="1",
        OS_NOVA_CONFIG_DIR=str(place.etc),
        OS_GLANCE_CONFIG_DIR=str(place.etc),
        OS_PLACEMENT_CONFIG_DIR=str(place.etc),
        OS_NEUTRON_CONFIG_DIR=str(place.etc),
        OS_NEUTRON_CONFIG_FILES="neutron.conf",
        OS_KEYSTONE_CONFIG_DIR=str(place.etc),
        OS_KEYSTONE_CONFIG_FILES=str(place.etc / "keystone.conf"),
    )


def install_replacements() -> None:
    """Replace what does not fit one process with SQLite. Before the service's own modules are imported."""
    # not imported earlier: these load eventlet, and nova refuses native threads if that is there too early
    from pocket_cloud_services import messaging, sqlite

    sqlite.install()
    messaging.install()


def load_api(service: str) -> Any:
    """Return the WSGI application of a service that has no workers here."""
    name, module = API_MODULES[service]
    sys.argv = [name]
    install_replacements()
    application = importlib.import_module(module).application
    if service == "neutron":
        load_policies("neutron.policy")
    return application


def load_policies(module: str) -> None:
    """Load the policies of a service before it serves.

    neutron and cinder do it in the first request, and show the unfinished enforcer to all other threads: to a burst of
    first requests neutron answers with empty lists, and lets through what the policies forbid.
    """
    importlib.import_module(module).init()
