# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the description of the plan from the role dr_site_b to the other roles: each describes all its inputs itself.

Use: `python3 tools/plan_options.py`
"""

from __future__ import annotations

from pathlib import Path

ROLES = Path(__file__).resolve().parent.parent / "roles"
SOURCE = "dr_site_b"
BEGIN, END = "# the plan: begin", "# the plan: end"


def block(text: str) -> tuple[int, int]:
    """Returns where the description of the plan begins and ends."""
    return text.index(BEGIN), text.index(END)


def main() -> None:
    """Writes the argument specifications of the other roles anew."""
    source = (ROLES / SOURCE / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    begin, end = block(source)
    for file in sorted(ROLES.glob("*/meta/argument_specs.yml")):
        text = file.read_text(encoding="utf-8")
        if BEGIN not in text:  # a role that takes no plan
            continue
        first, last = block(text)
        file.write_text(text[:first] + source[begin:end] + text[last:], encoding="utf-8")


if __name__ == "__main__":
    main()
