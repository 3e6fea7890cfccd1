# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet tells while it runs. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from ..data.steps import Step
from .converge import Outcome

Result = Union[Outcome, Exception]


@dataclass(frozen=True)
class Event:
    """What happened to a job.

    :param kind: "step", or how the job ended: "done", "unchanged", "failed" or "skipped".
    :param text: the step in words, or why the job failed.
    :param seconds: since the start of the run.
    :param finished: how many of ``total`` jobs are finished.
    :param phase: of a step: "begin", before its request is sent; "answered" by the cloud, which a step that only waits
        is not; "ended", the wait after it included; or "failed".
    :param number: of the step in this run of the job, from 0.
    :param more: of a step: "request_id", the "state" that ended the wait, "msg" of the error, as far as there is any.
    :param result: what a job that ended came to.
    """

    kind: str
    job: str
    text: str
    seconds: float
    finished: int
    total: int
    phase: str = ""
    step: Step | None = None
    number: int = 0
    more: Mapping[str, str] = field(default_factory=dict)
    result: Result | None = None
