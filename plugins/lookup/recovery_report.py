# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup: the report on a run, from its journal. It is read where Ansible runs, which is where the journal is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: recovery_report
short_description: The report on a run of a recovery plan, from its journal
version_added: "0.1.0"
author:
  - standby.openstack contributors (@standby-openstack)
description:
  - Reads the journal that M(standby.openstack.dr_wave) wrote, also that of a run that was killed, and returns what
    became of each server, the figures, and the texts and drawings of the page.
  - The role P(standby.openstack.dr_report#role) writes files from it.
options:
  _terms:
    description: The journals, files that end in C(.jsonl), where Ansible runs.
    type: list
    elements: path
    required: true
notes:
  - What comes from names and messages is text, not HTML. Escape it.
"""

EXAMPLES = r"""
- name: Say in one sentence what a run came to
  ansible.builtin.debug:
    msg: "{{ lookup('standby.openstack.recovery_report', dr_site_b_result.journal).report.headline }}"
"""

RETURN = r"""
_list:
  description: A report for each journal.
  type: list
  elements: dict
  contains:
    report:
      description:
        - The report as data. C(headline), one sentence; C(outcome), which is V(succeeded), V(failed), V(refused) or
          V(stopped) for a run that did not come to its end; C(figures); C(servers), what became of each, with its
          steps.
      type: dict
    page:
      description: What the HTML page shows, as texts, and the geometry of its chart.
      type: dict
    junit:
      description: The suite and the test cases of the JUnit file.
      type: dict
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils.data.errors import StandbyError
from ..module_utils.report.document import report
from ..module_utils.run.own_files import read_regular


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: Sequence[str], variables: Any = None, **kwargs: Any) -> list[dict[str, Any]]:  # noqa: ARG002
        """Reads each journal. What is not UTF-8, such as the rest of a line that is cut off, is replaced."""
        try:
            return [_report(Path(str(term)).expanduser()) for term in terms]
        except (OSError, StandbyError) as error:
            raise AnsibleLookupError(str(error)) from error


def _report(file: Path) -> dict[str, Any]:
    return report(read_regular(file.resolve()), file.name)
