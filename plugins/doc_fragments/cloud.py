# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that all modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options and attributes of every module."""

    DOCUMENTATION = r"""
options:
  cloud:
    description:
      - The name of a cloud in C(clouds.yaml), or a dictionary of arguments for C(openstack.connect).
      - What the other options say prevails over it.
      - Without it, and without O(auth), the cloud comes from the environment variables C(OS_*).
    type: raw
  auth:
    description:
      - What the authentication plugin needs, such as C(auth_url), C(username), C(password) and C(project_name).
      - Not needed when O(cloud) is given or the environment variables C(OS_*) are set.
    type: dict
  auth_type:
    description:
      - The authentication plugin, such as V(v3applicationcredential). V(v3password) saves a request.
    type: str
  region_name:
    description:
      - The region of the cloud.
    type: str
  validate_certs:
    description:
      - Whether TLS certificates are checked. When not given, what C(clouds.yaml) says holds, else they are.
    type: bool
    aliases: [verify]
  ca_cert:
    description:
      - A path to a bundle of CA certificates.
    type: str
    aliases: [cacert]
  client_cert:
    description:
      - A path to a client certificate.
    type: str
    aliases: [cert]
  client_key:
    description:
      - A path to the key of the client certificate.
    type: str
    aliases: [key]
  interface:
    description:
      - Which endpoints of the service catalog are used. When not given, what C(clouds.yaml) says holds, else V(public).
    type: str
    choices: [admin, internal, public]
    aliases: [endpoint_type]
  api_timeout:
    description:
      - Seconds to wait for the answer to one request. When not given, what C(clouds.yaml) says holds, else 120,
        and 60 for a read, which is sent once more.
    type: int
  sdk_log_path:
    description:
      - A file to which the SDK logs.
    type: str
  sdk_log_level:
    description:
      - How much the SDK logs.
    type: str
    choices: [INFO, DEBUG]
    default: INFO
requirements:
  - python >= 3.9
  - openstacksdk >= 2, < 5
attributes:
  check_mode:
    description: Tells what would be done and changes nothing. Refuses what would be refused.
    support: full
  diff_mode:
    description: Shows the facts of the server before and after.
    support: full
"""

    WAITING = r"""
options:
  wait:
    description:
      - Whether to wait for the end of the last step and to check the result.
      - Waits that a later step needs are always done.
    type: bool
    default: true
  timeout:
    description:
      - Seconds for the whole module. When they are over, repeat the task to carry on.
    type: int
    default: 300
"""

    GUARDED = r"""
options:
  guarded_api:
    description:
      - How it is known that the cloud has the guarded root volume API.
      - V(advertised) believes the cloud's extension list, which must have C(os-root-volume).
      - V(assume) is the operator's word. On a cloud that does not have it, attaching a root volume attaches a data
        disk.
      - The collection never tries it out, because that would detach the volume.
    type: str
    choices: [advertised, assume]
    default: advertised
"""
