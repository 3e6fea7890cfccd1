# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make neutron's database: its migrations fail on SQLite, so the tables come from its models.

Run as a program with the SQLAlchemy address of an empty database.
"""

from __future__ import annotations

import sys
import uuid

import sqlalchemy
from neutron.db.migration.models import head

DEFAULT_RULES = (
    # what neutron's migrations put into the default security groups: direction, version, remote group
    ("egress", "IPv4", None),
    ("egress", "IPv6", None),
    ("ingress", "IPv4", "PARENT"),
    ("ingress", "IPv6", "PARENT"),
)


def main(address: str) -> None:
    """Make all tables and the rules of default security groups."""
    metadata = head.get_metadata()
    engine = sqlalchemy.create_engine(address)
    metadata.create_all(engine)
    rules = metadata.tables["securitygroupdefaultrules"]
    attributes = metadata.tables["standardattributes"]
    with engine.begin() as connection:
        for direction, ethertype, remote_group in DEFAULT_RULES:
            row = {"resource_type": "security_group_default_rules", "revision_number": 0}
            (attribute_id,) = connection.execute(attributes.insert().values(**row)).inserted_primary_key
            connection.execute(
                rules.insert().values(
                    id=str(uuid.uuid4()),
                    standard_attr_id=attribute_id,
                    direction=direction,
                    ethertype=ethertype,
                    remote_group_id=remote_group,
                    used_in_default_sg=True,
                    used_in_non_default_sg=direction == "egress",
                )
            )


if __name__ == "__main__":
    main(sys.argv[1])
