# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Calls that hang at Cinder for longer than their mark is good for, with every order of other calls in the middle.

Wanted after each: no server runs on a root that Cinder has given away, or still may give away, and the documented way
leads to a server that runs.
"""

from __future__ import annotations

import itertools

from base import TASK, GuardedNova
from cinder_model import fails
from one_server import OF_ATTACH, OF_DETACH, OneServer

HUNG = 61  # seconds: longer than the mark is good for, and than HAProxy waits
# what comes in between
DETACH = ("unshelve", "attach", "detach")
ATTACH = ("unshelve", "attach", "attach other")


def orders(calls, longest):
    """Returns every order of every choice of the calls, up to this many."""
    return [order for count in range(longest + 1) for order in itertools.permutations(calls, count)]


class Hanging(OneServer):
    """One call hangs; others come; then Cinder carries out what it was asked, or not, or long after its answer."""

    def others(self, server, volume, other):
        """The calls that come in between, by name."""
        return {
            "unshelve": lambda: self.unshelved(server),
            "attach": lambda: self.attach(server, volume),
            "attach other": lambda: self.attach(server, other),
            "detach": lambda: self.detach(server, volume),
        }

    def hang(self, calls, order, outcome):
        """Returns a hook for Cinder: time passes, the calls come, then the outcome. Keeps what comes late."""

        def hook(do, *arguments):
            early = do() if outcome == "early" else None
            self.clock.advance_time_seconds(HUNG)
            for name in order:
                self.answers.append((name, *calls[name]()))
                self.clock.advance_time_seconds(HUNG)
            if outcome == "early":
                return early
            if outcome == "late":
                self.late.append(do)
            if outcome != "done":
                fails(504)(do, *arguments)
            return do()

        return hook

    def try_all(self, start, call, cases):
        """Runs each case from the same start.

        Args:
            start: makes the server.
            call: of the API; it hangs.
            cases: for each the request to Cinder at which it hangs, the calls that come in between, and the outcome:
                Cinder does what it was asked then (done), has done it long ago (early), has not done it (failed), or
                does it after its answer was given up and everything else has ended (late).
        """
        for place, order, outcome in cases:
            self.late, self.answers = [], []

            def text(place=place, order=order, outcome=outcome):
                return f"{place}, {' > '.join(order) or 'nothing'}, Cinder {outcome}: {self.answers}"

            with _Explained(text):
                self.try_one(self.again(start), call, (place, order, outcome))

    def try_one(self, start, call, case):
        """Runs one case; see ``try_all``."""
        (server, volume), ((name, number), order, outcome) = start, case
        other = self.cinder.make()
        self.cinder.on(name, self.hang(self.others(server, volume, other), order, outcome), after=number)
        first = call(server, volume)
        assert [name for name, *_ in self.answers] == list(order), "the others have come"
        assert not self.cinder.hooks[name], "the call has hung"
        self.answers.insert(0, ("first", *first))
        assert first[0] in (200, 202, 400, 404, 409, 503), first
        self.assert_consistent(server, volume, other)
        self.answers.append(("last", *self.unshelved(server)))
        for do in self.late:
            self._late(do)
        self.assert_consistent(server, volume, other)
        self.assert_repairable(server, volume)

    def _late(self, do):
        """Cinder carries out what was asked long ago; nobody hears of it."""
        try:
            do()
        except Exception as error:  # noqa: BLE001 -- nobody waits for the answer
            self.answers.append(("late", type(error).__name__, None))

    def test_detach_hangs(self):
        deletes = itertools.product([("attachment_delete", 0)], orders(DETACH, 3), ("done", "failed", "late"))
        self.try_all(self.offloaded, self.detach, deletes)

    def test_attach_hangs(self):
        creates = itertools.product([("attachment_create", 0)], orders(ATTACH, 3), ("done", "failed", "late"))
        self.try_all(self.rootless, self.attach, creates)

    def test_detach_hangs_elsewhere(self):
        """Where it only reads, or where the answer hangs."""
        places = itertools.product(OF_DETACH, orders(DETACH, 2), ("done", "failed", "early"))
        self.try_all(self.offloaded, self.detach, places)

    def test_attach_hangs_elsewhere(self):
        places = itertools.product(OF_ATTACH, orders(ATTACH, 2), ("done", "failed", "early"))
        self.try_all(self.rootless, self.attach, places)


class Answers(GuardedNova):
    """What the calls in the middle are told, word by word."""

    def test_while_a_detach_hangs(self):
        server, volume = self.offloaded()
        seen = {}

        def hook(do, attachment):
            seen["young detach"] = self.detach(server, volume)
            self.clock.advance_time_seconds(HUNG)
            seen["state"], seen["root"] = self.state(server), self.root(server)
            seen["unshelve"], seen["attach"] = self.unshelve(server), self.attach(server, volume)
            seen["data"] = self.attach(server, self.cinder.make(), is_root=False)
            seen["detach"] = self.detach(server, volume)
            return do()

        self.cinder.on("attachment_delete", hook)
        first = self.detach(server, volume)
        self.check_answers(seen, volume)
        assert seen["detach"] == (202, None), "the second detach takes over and ends it"
        assert first[0] == 409, "the first has nothing more to end"
        assert self.root(server)["device_present"] is False
        self.assert_repairable(server, volume)

    def check_answers(self, seen, volume):
        """What each call was told."""
        assert seen["state"] == ("SHELVED_OFFLOADED", TASK)
        root = {"device": "/dev/sda", "device_present": True, "volume_id": volume, "task": "detaching"}
        assert seen["root"] == root
        assert seen["young detach"][0] == 409
        assert "Another request is working on instance" in seen["young detach"][1]["conflictingRequest"]["message"]
        assert seen["unshelve"][0] == 403
        text = seen["unshelve"][1]["forbidden"]["message"]
        assert text.startswith("Can't unshelve instance without a root device volume: the detach of volume " + volume)
        assert seen["attach"][0] == 409
        assert f"the detach of volume {volume} began at" in seen["attach"][1]["conflictingRequest"]["message"]
        assert seen["data"][0] == 409, "Nova refuses data volumes while the task runs"

    def test_a_failed_detach_can_be_repeated_at_once(self):
        server, volume = self.offloaded()
        self.cinder.on("attachment_delete", fails(500))
        status, body = self.detach(server, volume)
        assert status == 503, body
        assert "Cinder did not delete attachment" in body["serviceUnavailable"]["message"]
        assert self.state(server) == ("SHELVED_OFFLOADED", None)
        assert self.unshelve(server)[0] == 403
        assert self.attach(server, volume)[0] == 409
        assert self.detach(server, volume) == (202, None)
        self.assert_repairable(server, volume)

    def test_a_finished_call_does_not_free_its_successors_lock(self):
        """The first detach ends while the second one hangs: the task state is the second one's and stays."""
        server, volume = self.offloaded()

        def second_hangs(do, attachment):
            self.cinder.on("attachment_delete", fails(504))
            seen.append(("while the second works", self.state(server)))
            return do()

        def first_hangs(do, attachment):
            self.clock.advance_time_seconds(HUNG)
            self.cinder.on("attachment_delete", second_hangs)
            seen.append(("second", self.detach(server, volume)))
            fails(504)(do)

        seen = []
        self.cinder.on("attachment_delete", first_hangs)
        assert self.detach(server, volume)[0] == 503
        assert seen == [("while the second works", ("SHELVED_OFFLOADED", TASK)), ("second", (202, None))]
        self.assert_repairable(server, volume)

    def test_an_old_lock_stays_against_unshelve(self):
        """However old: an unshelve never takes over."""
        server, volume = self.offloaded()

        def hook(do, attachment):
            self.clock.advance_time_seconds(7 * 24 * 3600)
            assert self.unshelve(server)[0] == 403
            assert self.unshelve(server, api=self.admin_api)[0] == 403
            return do()

        self.cinder.on("attachment_delete", hook)
        assert self.detach(server, volume) == (202, None)


class _Explained:
    def __init__(self, text):
        self.text = text

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _traceback):
        if isinstance(error, Exception):
            raise AssertionError(f"{self.text()}\n{error}") from error
