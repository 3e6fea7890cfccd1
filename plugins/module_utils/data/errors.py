# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tree of exceptions. Each says what was wanted, what was seen and what to do; it is shown once, at the edge."""

from __future__ import annotations

from typing import Any

from .steps import Refusal


class StandbyError(Exception):
    """Base of every error of the collection. ``code`` is stable and meant for programs."""

    code = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details

    def add(self, detail: str, text: str) -> None:
        """Adds a sentence to the message, and under this name to the details: what is safe, or what to do."""
        if text:
            self.args = (f"{self} {text}",)
            self.details[detail] = text

    def as_result(self) -> dict[str, Any]:
        """The fields that a module returns beside ``failed``."""
        return {"msg": str(self), "error": {"code": self.code, **self.details}}


def after_writes(error: Exception) -> None:
    """Notes at an error that a request that changes something was sent before it."""
    error.__dict__["changed"] = True


def changed_before(error: BaseException) -> bool:
    """Whether something may have been changed before an error."""
    return bool(error.__dict__.get("changed"))


class Refused(StandbyError):
    """A decision said no, before anything was changed."""

    code = "refused"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text, reason=refusal.code, wanted=refusal.wanted, seen=refusal.seen, todo=refusal.todo)
        self.refusal = refusal

    def as_result(self) -> dict[str, Any]:
        """With what was found, under the name that it has in a success too."""
        found = [finding.data for finding in self.refusal.findings]
        return {**super().as_result(), **({"findings": found} if found else {})}


class NotFound(StandbyError):
    """A name or id that the cloud does not know."""

    code = "not_found"


class Ambiguous(StandbyError):
    """A name that several resources of the cloud carry."""

    code = "ambiguous"


class Foreign(StandbyError):
    """A name that only resources of other projects carry: they are taken only by their ids."""

    code = "foreign"


class Unreachable(StandbyError):
    """No answer: the connection failed. Says nothing about whether an action was carried out."""

    code = "unreachable"


class CloudError(StandbyError):
    """An API answered with an error. ``status`` is the HTTP status."""

    code = "cloud_error"

    def __init__(self, message: str, status: int, **details: Any) -> None:
        super().__init__(message, status=status, **details)
        self.status = status


class UnexpectedState(StandbyError):
    """A resource reached a state that is neither the target nor on the way to it."""

    code = "unexpected_state"


class TimedOut(StandbyError):
    """The deadline of the run passed while a resource was still on its way."""

    code = "timed_out"


class NotConverged(StandbyError):
    """All steps ran, and reading again shows that the wanted state is not there."""

    code = "not_converged"
