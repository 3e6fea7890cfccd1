# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Requests at the same time: exactly one wins, and what it did is whole."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest
from root_volume_client import ATTACHED, fault

#: A race needs many rounds: too long for each change.
pytestmark = pytest.mark.soak

ROUNDS = 6


def at_once(*calls):
    """Start all calls at the same moment; their answers in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


@pytest.fixture(scope="module")
def rootless(shared):
    """(server id, two bootable volumes)."""
    server, first = shared.rootless()
    return server, first, shared.volume()


def assert_idle(member, server):
    found = member.server(server)
    assert (found["status"], found["OS-EXT-STS:task_state"]) == ("SHELVED_OFFLOADED", None)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_volumes_for_one_server(member, rootless, _round):
    server, *volumes = rootless
    answers = at_once(*(lambda volume=volume: member.attach(server, volume, is_root=True) for volume in volumes))
    assert sorted(answer.status_code for answer in answers) == [ATTACHED, 409], [answer.text for answer in answers]
    winner, loser = sorted(zip(volumes, answers, strict=True), key=lambda pair: pair[1].status_code)
    assert fault(loser[1])[1] == "conflictingRequest"
    assert member.root(server)["volume_id"] == winner[0]
    assert member.volume(winner[0])["status"] == "reserved"
    assert len(member.reservations(winner[0])) == 1
    assert member.volume(loser[0])["status"] == "available"
    assert member.reservations(loser[0]) == []
    assert_idle(member, server)
    assert member.detach(server, winner[0]).status_code == 202


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_the_same_call_four_times(member, rootless, _round):
    server, volume, _ = rootless
    answers = at_once(*[lambda: member.attach(server, volume, is_root=True)] * 4)
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == ATTACHED
    assert set(codes[1:]) <= {400, 409}, [answer.text for answer in answers]
    assert len(member.reservations(volume)) == 1
    answers = at_once(*[lambda: member.detach(server, volume)] * 4)
    codes = sorted(answer.status_code for answer in answers)
    assert codes[0] == 202
    assert set(codes[1:]) <= {404, 409}, [answer.text for answer in answers]
    assert member.volume(volume)["status"] == "available"
    assert_idle(member, server)


def test_one_volume_for_two_servers(member, shared, rootless):
    server, volume, _ = rootless
    other, _ = shared.rootless()
    for _ in range(ROUNDS):
        servers = (server, other)
        answers = at_once(*(lambda each=each: member.attach(each, volume, is_root=True) for each in servers))
        assert sorted(answer.status_code for answer in answers) == [ATTACHED, 400], [answer.text for answer in answers]
        winner, loser = sorted(zip(servers, answers, strict=True), key=lambda pair: pair[1].status_code)
        assert [each["instance"] for each in member.reservations(volume)] == [winner[0]]
        assert member.root(loser[0])["device_present"] is False
        assert_idle(member, loser[0])
        assert member.detach(winner[0], volume).status_code == 202


def test_root_and_data_attach_of_one_volume(member, rootless):
    """The volume ends as one of the two, never as both."""
    server, volume, _ = rootless
    for _ in range(ROUNDS):
        answers = at_once(
            lambda: member.attach(server, volume, is_root=True),
            lambda: member.attach(server, volume),
        )
        listed = member.read("compute", f"/servers/{server}/os-volume_attachments")
        assert [each["volumeId"] for each in listed].count(volume) <= 1, [answer.text for answer in answers]
        assert len(member.reservations(volume)) == len(listed)
        for _each in listed:
            assert member.detach(server, volume).status_code == 202
        assert member.volume(volume)["status"] == "available"
        assert_idle(member, server)


def test_detach_and_unshelve(member, make):
    """Either the server runs with its root, or it stays shelved without: never anything that needs repair."""
    server, volume = make.offloaded()
    for _ in range(ROUNDS):
        detached, unshelved = at_once(
            lambda: member.detach(server, volume),
            lambda: member.act(server, "unshelve"),
        )
        codes = detached.status_code, unshelved.status_code
        assert detached.status_code in (202, 403, 409), detached.text
        if unshelved.status_code == 202 and detached.status_code != 202:
            member.wait_server(server, "ACTIVE")
            assert member.act(server, "shelve").status_code == 202
            member.wait_server(server, "SHELVED_OFFLOADED")
            continue
        member.wait_server(server, "SHELVED_OFFLOADED")
        assert detached.status_code == 202, codes
        assert member.root(server)["device_present"] is False
        assert member.attach(server, volume, is_root=True).status_code == ATTACHED


def test_attach_and_delete_of_the_server(member, make):
    """The volume is free in the end, whichever came first."""
    volume = make.volume()
    for _ in range(2):
        server, _ = make.rootless()
        attached, deleted = at_once(
            lambda server=server: member.attach(server, volume, is_root=True),
            lambda server=server: member.call("DELETE", "compute", f"/servers/{server}"),
        )
        assert deleted.status_code == 204, deleted.text
        assert attached.status_code in (ATTACHED, 404, 409), attached.text
        member.wait_gone("compute", f"/servers/{server}")
        member.wait_volume(volume, "available")
