# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole story on one plan, by the playbooks: each test goes on where the one before it ended."""

from __future__ import annotations

import os
import signal

import pytest
from story import Story
from story_return import Return

DISKS = {"db/root", "db/data", "app/root"}


class TestProvision:
    """Servers at site A."""

    def test_check_tells_all_and_makes_nothing(self, story: Story) -> None:
        run = story("provision", "--check", "--diff").good()
        assert run.changed
        assert {name: row["steps"] for name, row in run.last["networks"].items()} == {
            f"network {story.name}": [
                f"make network {story.name}",
                f"make subnet {story.name} (192.168.30.0/24) of network {story.name}",
            ],
            f"security group {story.name}": [
                f"make security group {story.name}",
                f"add rule ingress IPv4 icmp from anywhere to security group {story.name}",
            ],
        }
        assert run.last["servers"][f"{story.name}-app"]["steps"] == [
            f"make volume {story.name}-app-root (1 GiB) from image cirros",
            f"make port {story.name}-app-port0 on network {story.name} with address 192.168.30.11",
            f"make server {story.name}-app",
            f"mark volume {story.name}-app-root as finished",
        ]
        assert not any(story.everything(story.a).values())

    def test_makes_the_servers(self, story: Story) -> None:
        run = story("provision").good()
        assert run.changed
        assert f"Provisioning of {story.name}: 2 of 2 servers are as planned at site A, after " in run.told
        report = story.report(run)
        headline = f"Provisioning of {story.name} at site A succeeded: 2 of 2 servers as planned in"
        assert report["headline"].startswith(headline)
        assert {server["status"] for server in story.everything(story.a)["servers"]} == {"ACTIVE"}
        assert set(story.disks(story.a)) == DISKS

    def test_again_changes_nothing(self, story: Story) -> None:
        before = story.everything(story.a)
        assert not story("provision", "--check").good().changed
        run = story("provision", dr_report_folder="plan.yml/no-folder").good()
        assert not run.changed
        assert run.results[-1]["msg"][0].startswith("The report on this run could not be written: ")
        assert story.everything(story.a) == before


class TestPrepare:
    """Dormant twins at site B."""

    def test_check_tells_all_and_makes_nothing(self, story: Story) -> None:
        run = story("dr_prepare", "--check", "--diff").good()
        steps = run.last["servers"][f"{story.name}-app"]["steps"]
        assert [text for text in steps if text.startswith(("make server", "shelve", "detach", "delete"))] == [
            f"make server {story.name}-app",
            f"shelve server {story.name}-app",
            f"detach volume {story.name}-app-root-placeholder from server {story.name}-app",
            f"delete placeholder volume {story.name}-app-root-placeholder",
        ]
        assert not any(story.everything(story.b).values())

    @pytest.mark.parametrize("when", ["make volume", "make server", "shelve server", "detach volume"])
    def test_killed(self, story: Story, when: str) -> None:
        story.killed("dr_prepare", when)

    def test_carries_on_to_the_same_end(self, story: Story) -> None:
        story("dr_prepare").good()
        there = story.everything(story.b)
        assert [server["status"] for server in there["servers"]] == ["SHELVED_OFFLOADED"] * 2
        assert not any(there["attached"].values())
        assert there["volumes"] == []
        assert len(there["ports"]) == 2

    def test_again_changes_nothing(self, story: Story) -> None:
        before = story.everything(story.b)
        assert not story("dr_prepare", "--check").good().changed
        assert not story("dr_prepare").good().changed
        assert story.everything(story.b) == before

    def test_is_not_ready_without_a_recovery_point(self, story: Story) -> None:
        todo = "Run dr_replicate."
        reasons = [
            f"  {story.name}-{short}: Refused to call {story.name}-{short} ready:"
            f" there is no complete recovery point. {todo}"
            for short in ("db", "app")
        ]
        assert story("dr_readiness").refused() == "\n".join(
            [f"Readiness check of {story.name}: 2 of 2 servers failed.", *reasons]
        )


class TestReplicate:
    """Recovery points at site B."""

    def test_check_makes_nothing(self, story: Story) -> None:
        before = story.everything(story.a), story.everything(story.b)
        steps = story("dr_replicate", "--check").good().last["servers"][f"{story.name}-app"]["steps"]
        assert f"back {story.name}-app/root up (full)" in steps
        assert (story.everything(story.a), story.everything(story.b)) == before

    @pytest.mark.parametrize("when", ["up (full)", "import the record", "note the replica", "restore", "bootable"])
    def test_killed(self, story: Story, when: str) -> None:
        if when == "up (full)":
            story.write("on monday")
        story.killed("dr_replicate", when)
        assert story.replicas() == {}, "a recovery point is called complete too early"

    def test_carries_on_to_one_recovery_point(self, story: Story) -> None:
        run = story("dr_replicate").good()
        replicas = story.replicas()
        assert set(replicas) == DISKS
        assert {volume["status"] for volume in replicas.values()} == {"available"}
        assert replicas["db/root"]["bootable"] == "true"
        assert replicas["db/root"]["volume_image_metadata"]["image_name"] == "cirros"
        assert len({v["metadata"]["standby_recovery_point"] for k, v in replicas.items() if k.startswith("db/")}) == 1
        assert any("recovery point" in line and "lag now" in line for line in run.lines)
        self.nothing_left_over(story)

    def test_leaves_a_young_recovery_point_alone(self, story: Story) -> None:
        before = story.replicas()
        run = story("dr_replicate", dr_replication_min_interval=3600).good()
        assert not run.changed
        assert all(0 < row["lag"] < 3600 for row in run.last["servers"].values())
        assert story.replicas() == before

    def test_the_last_good_replica_stays_until_the_new_one_is_complete(self, story: Story) -> None:
        before = story.replicas()
        story.write("on tuesday")
        story.killed("dr_replicate", "note the replica")
        assert story.replicas() == before
        run = story("dr_readiness").good()
        assert not run.changed

    def test_then_it_goes(self, story: Story) -> None:
        before = story.replicas()
        story("dr_replicate").good()
        after = story.replicas()
        assert set(after) == DISKS
        assert not {v["id"] for v in after.values()} & {v["id"] for v in before.values()}
        self.nothing_left_over(story)
        backups = [backup["is_incremental"] for backup in story.everything(story.a)["backups"]]
        assert sorted(backups) == [False] * 3 + [True] * 3

    def nothing_left_over(self, story: Story) -> None:
        assert story.everything(story.a)["snapshots"] == []
        assert len(story.everything(story.b)["volumes"]) == len(DISKS)


class TestFailover:
    """Site B takes over."""

    def test_is_refused_while_source_answers(self, story: Story) -> None:
        before = story.everything(story.b)
        running = ", ".join(f"{story.name}-{short} (ACTIVE)" for short in ("app", "db"))
        assert story("dr_failover").refused() == (
            f"Refused to fail over {story.name}: site A answers, and these run there: {running}. Two copies of one"
            " application would run. Stop the servers at site A first, or if you know that they cannot run, say why:"
            ' dr_site_b_source_is_down: "<reason>".'
        )
        assert story.everything(story.b) == before

    def test_check_with_a_reason_tells_all_and_changes_nothing(self, story: Story) -> None:
        before = story.everything(story.b)
        run = story("dr_failover", "--check", "--diff", dr_site_b_source_is_down="it burns").good()
        assert run.last["fence"] == "the operator says that site A is down: it burns"
        replica = story.replicas()["app/root"]["name"]
        assert run.last["servers"][f"{story.name}-app"]["steps"] == [
            f"attach volume {replica} as root /dev/sda of server {story.name}-app",
            f"unshelve server {story.name}-app",
        ]
        assert story.everything(story.b) == before

    def test_a_critical_server_that_fails_holds_later_tiers_back(self, story: Story) -> None:
        before = story.everything(story.b)
        db = story.server(story.b, "db")["id"]
        story.b.act(db, "lock")
        run = story("dr_failover", dr_site_b_source_is_down="it burns")
        assert "locked" in run.refused()
        assert run.last["failed_servers"] == [f"{story.name}-db", f"{story.name}-app"]
        assert run.last["servers"][f"{story.name}-app"]["error"]["code"] == "skipped"
        assert run.told_once()
        report = story.report(run)
        headline = f"Failover of {story.name} to site B failed: 0 of 2 servers up, 1 failed, 1 not started."
        assert (report["outcome"], report["headline"]) == ("failed", headline)
        story.b.act(db, "unlock")
        assert story.everything(story.b)["attached"] == before["attached"]

    def test_an_optional_one_does_not(self, story: Story) -> None:
        db = story.server(story.b, "db")["id"]
        story.b.act(db, "lock")
        story.change_plan(lambda plan: plan["servers"][0].update(critical=False))
        run = story("dr_failover", dr_site_b_source_is_down="it burns")
        assert "1 of 2 servers failed" in run.refused()
        assert (story.server(story.b, "db")["status"], story.server(story.b, "app")["status"]) == (
            "SHELVED_OFFLOADED",
            "ACTIVE",
        )
        story.b.act(db, "unlock")
        story.change_plan(lambda plan: None)
        story.send_to_sleep()

    def test_with_site_a_dead(self, story: Story) -> None:
        story.pocket_cloud("kill", "a")
        run = story("dr_failover").good()
        assert run.last["fence"].startswith("site A does not answer (")
        assert all(row["lag"] > 0 for row in run.last["servers"].values())
        assert any(line.startswith("  RPO ") and ", RTO " in line for line in run.lines)
        report = story.report(run)
        assert report["headline"].startswith(f"Failover of {story.name} to site B succeeded: 2 of 2 servers up in ")
        parts = {
            row["name"][len(story.name) + 1 :]: [part["part"] for part in row["parts"]] for row in report["servers"]
        }
        assert parts == {short: ["handover", "start", "check"] for short in ("db", "app")}
        assert any(step["request_id"].startswith("req-") for row in report["servers"] for step in row["steps"])
        self.the_end(story)

    def test_again_changes_nothing(self, story: Story) -> None:
        before = story.everything(story.b)
        run = story("dr_failover").good()
        assert not run.changed
        assert story.report(run)["headline"].endswith(" succeeded: 2 of 2 servers up; nothing had to be done.")
        assert story.everything(story.b) == before
        assert {key for counts in run.last["requests"].values() for key in counts if not key.startswith("GET")} <= {
            "POST compute"  # consoles are read by POST; that nothing was done to a server was compared above
        }

    @pytest.mark.parametrize("when", ["as root", "db-data-", "unshelve server", "check that the console", "[1/2]"])
    def test_killed_it_carries_on_to_the_same_end(self, story: Story, when: str) -> None:
        story.send_to_sleep()
        # once only ansible-playbook is killed: its worker must not go on beside the next run
        story.killed("dr_failover", when, workers_too=when != "unshelve server")
        (head, *_steps, last) = story.newest_journal("failover")
        assert last["kind"] != "end"
        run = story("dr_failover").good()
        assert any(
            line.startswith(f"Carries on run {head['run']}, which did not come to its end") for line in run.lines
        )
        assert story.newest_journal("failover")[-1]["failed"] is False
        self.the_end(story)
        assert not story("dr_failover").good().changed

    def test_a_second_start_is_refused_while_the_first_lives(self, story: Story) -> None:
        story.send_to_sleep()
        with story.start(story.command("dr_failover")) as first:
            assert any("unshelve server" in line for line in first.stdout or ())
            (run, *_rest) = story.newest_journal("failover")
            os.kill(run["process"], signal.SIGSTOP)  # so that it cannot end before the other starts
            second = story("dr_failover").refused()
            os.kill(run["process"], signal.SIGCONT)
            rest = first.communicate()[0]
        assert first.returncode == 0, rest
        assert second.startswith(
            f"Refused to fail over {story.name}: a run of this plan is under way: failover, run {run['run']}, started "
        )
        assert f"process {run['process']} on {run['host']}. Wait until it has ended, or end it (kill " in second
        self.the_end(story)

    def test_status_while_site_a_is_dead(self, story: Story) -> None:
        run = story("dr_status").good()
        assert "site A could not be read: " in run.told
        shown = run.last["servers"][f"{story.name}-db"]["server"]
        assert (shown["leader"], shown["generation"], shown["sure"]) == ("b", 2, False)
        assert list(run.last["unanswered"]) == ["a"]
        assert "site A: unanswered" in story("dr_status", dr_plan_fail_on=["unanswered"]).refused()

    def test_site_b_leads_from_now_on(self, story: Story) -> None:
        story.pocket_cloud("up")
        before = story.everything(story.b)
        assert "the target uses the replica" in story("dr_replicate").refused()
        assert "If it was failed over, leave it." in story("dr_prepare").refused()
        assert story.everything(story.b) == before

    def the_end(self, story: Story) -> None:
        """Every server runs on the replicas of the one recovery point, with the bytes written at site A last."""
        replicas, disks = story.replicas(), story.disks(story.b)
        assert {label: volume["id"] for label, volume in disks.items()} == {k: v["id"] for k, v in replicas.items()}
        assert {server["status"] for server in story.everything(story.b)["servers"]} == {"ACTIVE"}
        assert story.booted_from() == {label: f"{label} on tuesday" for label in DISKS}
        assert len(story.everything(story.b)["volumes"]) == len(DISKS)


class TestReturn(Return):
    """Site A has come back, and its servers with it."""
