# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site A is lost, its application comes up at site B, and goes back: told on two real OpenStack sites."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import sites
from terminal import DemoFailed, Story, bold, say

REPO = Path(__file__).resolve().parent.parent
PLACE = Path("build") / "demo"
LOGS = f"{PLACE}/cloud/a/log and {PLACE}/cloud/b/log"
MODEL_PLAN = "demo/plan.yml"
POCKET_CLOUD = "tests/cloud/pocket-cloud"
HANDOVERS = ("attach", "reimage", "recreate")
HANDOVER = os.environ.get("HANDOVER") or "attach"
# the plan of the demo says attach; for another way it is copied with that one word changed
PLAN = MODEL_PLAN if HANDOVER == "attach" else str(PLACE / "plan.yml")

ENVIRONMENT = {
    "POCKET_CLOUD_RUN": str(REPO / PLACE / "cloud"),
    "OS_CLIENT_CONFIG_FILE": str(REPO / PLACE / "cloud" / "clouds.yaml"),
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    **({"ANSIBLE_FORCE_COLOR": "true"} if sys.stdout.isatty() else {}),
}


def playbook(story: Story, name: str, *variables: str) -> str:
    """Runs a playbook of the collection with the plan of the demo; returns what it printed."""
    journals = f"journal_folder={PLACE}/standby-runs"  # beside the plan it would lie among the sources
    command = ["ansible-playbook", "-i", "localhost,", f"standby.openstack.{name}"]
    for variable in (f"plan={PLAN}", *variables, journals):
        command += ["-e", variable]
    return story.run(command, ENVIRONMENT, " ".join(command))


def pocket_cloud(story: Story, *arguments: str, shown: bool = True) -> None:
    """Runs the pocket cloud of the demo."""
    story.run([POCKET_CLOUD, *arguments], ENVIRONMENT, " ".join([POCKET_CLOUD, *arguments]) if shown else "")


def write(story: Story, time_of_writing: str, site: str = "a") -> dict[sites.Disk, str]:
    """Lets every guest at a site write to the start of each of its disks; returns what it wrote."""
    written = {}
    for disk, volume in sorted(sites.disks(f"site_{site}").items()):
        written[disk] = f"{disk[0]}/{disk[1]} at {site.upper()}, {time_of_writing}"
        pocket_cloud(story, "guest-write", site, volume, written[disk], shown=False)
    return written


def prove(written: dict[sites.Disk, str], there: str, here: str) -> None:
    """Compares what the consoles at a site say with what the guests wrote at the other one."""
    seen = sites.consoles(f"site_{here.lower()}")
    wrong = [disk for disk, text in written.items() if seen.get(disk) != text]
    for disk, text in written.items():
        verdict = f"NOT {text!r}" if disk in wrong else f"as written at {there}"
        say(f"   {disk[0]:4} {disk[1]:5} booted at {here} from {seen.get(disk)!r:28} {verdict}")
    if wrong or not written:
        raise DemoFailed(f"site {here} does not run on what was written at {there}: {wrong or 'nothing was written'}")


def prove_servers(first: dict[str, sites.Server]) -> None:
    """Compares the servers at site A with those of before the disaster."""
    now, same_ids = sites.servers("site_a"), HANDOVER != "recreate"
    wrong = [
        name
        for name, server in first.items()
        if name not in now or now[name].addresses != server.addresses or (same_ids and now[name].id != server.id)
    ]
    if wrong:
        raise DemoFailed(f"these servers are not the first ones: {', '.join(wrong)}")
    same = "the same ids and addresses" if same_ids else "the same addresses"
    say(f"   {', '.join(now)} at A have {same} as before the disaster")


def before_the_loss(story: Story) -> dict[sites.Disk, str]:
    """Everything up to the day of the disaster; returns what the guests wrote last."""
    with story.chapter("Two OpenStack sites on this machine", "two OpenStack sites started"):
        # what stock Nova can do is shown on stock Nova
        kinds = ("--guarded", "a") if HANDOVER == "attach" else ("--stock", "b")
        pocket_cloud(story, "up", "--fresh", "--sites", "a,b", *kinds)
    with story.chapter("Three servers at site A, booting from volumes", "db, app and web built at site A"):
        playbook(story, "provision")
    emptied = ", emptied" if HANDOVER == "attach" else ""
    with story.chapter(f"Their dormant twins at site B: built, proved, shelved{emptied}", "dormant twins at site B"):
        playbook(story, "dr_prepare")
    with story.chapter("The guests write, and everything is replicated", "first replication, full backups"):
        write(story, "monday")
        playbook(story, "dr_replicate")
    with story.chapter("They write again; now only what changed travels", "second one, incremental"):
        written = write(story, "tuesday")
        playbook(story, "dr_replicate")
    with story.chapter(
        "A drill: it comes up on clones in an isolated network, and goes", "drill, nothing is left of it"
    ):
        told = playbook(story, "dr_drill")
        if "Left of the drill, as site B lists it: nothing." not in " ".join(told.split()):
            raise DemoFailed("something of the drill is left at site B")
    with story.chapter("Would a failover succeed now?", "readiness checked"):
        playbook(story, "dr_readiness")
    return written


def loss_and_failover(story: Story, written: dict[sites.Disk, str]) -> str:
    """The disaster; returns RPO and RTO as the failover tells them."""
    with story.chapter("Site A burns down: every process of it is killed", "site A lost"):
        pocket_cloud(story, "kill", "a")
        lost = time.monotonic()
    with story.chapter(f"Fail over to site B, with site A dead, by {HANDOVER}", "failover to site B"):
        told = playbook(story, "dr_failover")
        back = time.monotonic() - lost
    with story.chapter("The proof, from the consoles at site B", "proof from the consoles"):
        prove(written, "A", "B")
    found = re.search(r"RPO (?P<rpo>.*?) \(.*RTO (?P<rto>[0-9.]+ s)", told)
    if not found:
        raise DemoFailed("the failover told no RPO and no RTO")
    return (
        f"   RPO  {found['rpo']:>7}  so old was the data at site B when the failover began\n"
        f"   RTO  {found['rto']:>7}  until the last server was up and healthy;"
        f" {back:.1f} s from the loss of site A, start of Ansible included"
    )


def the_way_back(story: Story, first: dict[str, sites.Server]) -> None:
    """Site A returns, becomes the standby, and leads again with what was written at site B."""
    with story.chapter("Site A comes back, and its old servers start again", "site A back: two copies run"):
        pocket_cloud(story, "up")
        if "TWO COPIES RUN" not in playbook(story, "dr_status"):
            raise DemoFailed("dr_status does not say that two copies run")
    with story.chapter("The stale copies are stopped and locked", "stale copies fenced"):
        playbook(story, "dr_fence", "dr_plan_site=a")
    with story.chapter("Site A becomes the standby of site B; its old volumes are kept", "site A re-protects site B"):
        playbook(story, "dr_reprotect", "dr_plan_site=a")
    with story.chapter("The guests write at site B, and everything goes back to site A", "failback to site A"):
        written = write(story, "friday", "b")
        if "RPO 0 s (proved" not in playbook(story, "dr_failback"):
            raise DemoFailed("the failback does not say that nothing is lost")
    with story.chapter("The proof, from the consoles at site A", "proof at site A"):
        prove(written, "B", "A")
        prove_servers(first)


def summary(story: Story, written: dict[sites.Disk, str], figures: str) -> None:
    """What a person wants to know afterwards."""
    say(f"\n{bold('What happened')}")
    for number, (did, seconds) in enumerate(story.chapters, 1):
        say(f"  {number:2}  {did:40} {seconds:6.1f} s")
    say(f"      {'altogether':40} {sum(seconds for _did, seconds in story.chapters):6.1f} s\n")
    say(figures)
    say(f"   All {len(written)} disks came up at site B with what was written at site A, which was dead by then, and")
    say("   at site A again with what was written at site B: nothing was lost, and site B is the standby again.")
    say(f"   The plan was {PLAN}; docs/runbook.md tells how to do the same with your clouds.")


def stop(keep: bool) -> str:
    """Stops both sites, whatever happens meanwhile; says how that went.

    :param keep: whether their data and logs stay.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    command = [POCKET_CLOUD, "down", *([] if keep else ["--purge"])]
    environment = {**os.environ, **ENVIRONMENT}
    # a session of its own, so that Ctrl-C does not reach it
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, start_new_session=True)
    if done.returncode != 0:
        return f"{' '.join(command)} failed, so services may still run: {done.stdout}{done.stderr}"
    return "Nothing is left running."


def interrupted(number: int, _frame: FrameType | None) -> None:
    """Turns SIGTERM into what Ctrl-C does."""
    raise KeyboardInterrupt(f"signal {number}")


def tell(story: Story) -> str:
    """Tells the story; returns why it ended early, "" if it did not."""
    try:
        written = before_the_loss(story)
        first = sites.servers("site_a")
        figures = loss_and_failover(story, written)
        the_way_back(story, first)
        summary(story, written, figures)
    except DemoFailed as failed:
        return f"The demo failed: {failed}."
    except KeyboardInterrupt:
        return "Interrupted."
    return ""


def main() -> int:
    """Runs the demo; returns the exit code."""
    if HANDOVER not in HANDOVERS:
        say(f"HANDOVER={HANDOVER}: there is no such way of handing over, only {', '.join(HANDOVERS)}.")
        return 2
    os.environ.update(ENVIRONMENT)
    signal.signal(signal.SIGTERM, interrupted)
    shutil.rmtree(PLACE / "log", ignore_errors=True)
    (PLACE / "log").mkdir(parents=True)
    if PLAN != MODEL_PLAN:
        Path(PLAN).write_text(Path(MODEL_PLAN).read_text().replace("\nhandover: attach\n", f"\nhandover: {HANDOVER}\n"))
    story = Story(PLACE / "log" / "demo.log")
    say(bold("standby.openstack: site A is lost, the application comes up at site B, and goes back"))
    why = "An error that nobody thought of"
    try:
        why = tell(story)
    finally:
        end = stop(keep=bool(why))
        say(f"\n{why}" if why else "")
        say(f"   {end} All output is in {story.log}" + (f", the logs of the services in {LOGS}." if why else "."))
    return 1 if why else 0
