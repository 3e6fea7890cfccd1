# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neutron: a mechanism driver that binds every port at once, so that no agents are needed."""

from __future__ import annotations

from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class BindAtOnce(api.MechanismDriver):
    """Binds a port when nova asks for it, as type ovs (nova 34 refuses the type "bridge" here), and sets it ACTIVE."""

    def initialize(self) -> None:
        """Nothing to prepare."""

    @property
    def connectivity(self) -> str:
        """Pretend layer 2."""
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context: Any) -> None:
        """Bind to the first segment."""
        details = {portbindings.CAP_PORT_FILTER: True, portbindings.OVS_HYBRID_PLUG: False}
        segment = context.segments_to_bind[0]
        context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE)
