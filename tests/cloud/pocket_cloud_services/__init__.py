# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside the service processes of the pocket cloud: the starter and the replaced parts.

Started as ``python -m pocket_cloud_services SERVICE SITE_FOLDER``: every part of one service (API, conductor,
scheduler, workers) in one process, as each OpenStack service has one global configuration and the message bus is in
memory.
"""
