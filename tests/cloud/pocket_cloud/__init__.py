# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pocket cloud: a real OpenStack control plane per site, on loopback, from PyPI.

This package runs on the standard library alone. What runs inside the service processes is in pocket_cloud_services.
"""
