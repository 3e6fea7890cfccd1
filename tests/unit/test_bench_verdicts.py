# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: what it measures in which order, and what it says of it."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from bench import main
from bench.main import Findings, kept, parsed, report
from bench.measure import Failed, Measured, Scene
from bench.pocket import Chain, writes
from bench.pocket import verdicts as on_the_pocket_cloud
from bench.purposes import by_purpose, purpose, table
from bench.stages import stages
from bench.table import BEGIN, END, Row, write
from bench.verdicts import Verdict, missed, verdicts


def measured(wall: float, total: int, write: int = 1, authentication: int = 1) -> Measured:
    return Measured(wall, 5.0, 100.0, 0, Counter(write=write, authentication=authentication), Counter({"GET x": total}))


def row(servers: int, took: Measured, way: str = "wave", again: bool = False) -> Row:
    return Row(way, way, Scene(servers, 0.1, 10.0), took, again)


def judged(*rows: Row) -> dict[str, bool | None]:
    return {verdict.claim: verdict.holds for verdict in verdicts(rows)}


OF_500 = ("wall", "authentications", "requests for each server", "seconds of processors")


@pytest.mark.parametrize(
    ("wall", "total", "authentication", "good"),
    [
        (16.0, 2050, 1, [True, True, True, True]),
        (16.1, 2050, 1, [False, True, True, True]),
        (16.0, 2051, 2, [True, False, False, True]),
    ],
)
def test_the_verdict_on_500_servers(wall: float, total: int, authentication: int, good: list[bool]) -> None:
    found = judged(row(500, measured(wall, total, 1000, authentication)))
    assert [found[f"500 servers: {words}"] for words in OF_500] == good


@pytest.mark.parametrize(
    ("way", "wall", "good"),
    [("drill", 10.8, True), ("drill", 10.9, False), ("drill-cleanup", 60.0, True), ("drill-cleanup", 60.1, False)],
)
def test_the_verdict_on_a_drill(way: str, wall: float, good: bool) -> None:
    """Its bound is 7.2 s: a volume, a server, and twelve requests that need each other's answers."""
    claims = {
        "drill": "drill of 100 servers: wall",
        "drill-cleanup": "clean-up of a drill of 100 servers: wall",
    }
    found = judged(row(100, measured(wall, 700), way), row(500, measured(99.0, 3500), way))
    assert found[claims[way]] is good
    assert [found[claim] for name, claim in claims.items() if name != way] == [None]


@pytest.mark.parametrize(
    ("servers", "wall", "good", "words"),
    [
        (100, 260.0, True, "20 times (260 s)"),
        (10, 26.0, True, "20 times (extrapolated from 10 servers)"),
        (100, 259.0, False, "20 times (259 s)"),
    ],
)
def test_the_verdict_on_the_loop(servers: int, wall: float, good: bool, words: str) -> None:
    found = verdicts([row(100, measured(13.0, 400)), row(servers, measured(wall, 1), "loop")])
    (verdict,) = [verdict for verdict in found if "loop" in verdict.claim]
    assert (verdict.measured, verdict.holds) == (words, good)


@pytest.mark.parametrize(("writes", "good"), [((0, 0), True), ((0, 1), False)])
def test_a_second_run_that_writes_is_told(writes: tuple[int, int], good: bool) -> None:
    rows = [row(n, measured(1.0, 10, written), again=True) for n, written in zip((10, 100), writes, strict=True)]
    assert judged(*rows)["wave, second run (10, 100 servers): writes"] is good


@pytest.mark.parametrize(("total", "good"), [(120, True), (121, False)])
def test_the_verdict_on_readiness(total: int, good: bool) -> None:
    assert (
        judged(row(100, measured(1.0, total), "readiness"))["readiness: requests for each server, and those of the run"]
        is good
    )


@pytest.mark.parametrize(("sites", "holds"), [((12, 9), True), ((9, 13), False)])
def test_status_asks_each_site_for_lists_only(sites: tuple[int, int], holds: bool) -> None:
    claim = "status of 500 servers: requests to each site"
    both = replace(measured(2.0, sum(sites)), sites=sites)
    assert judged(row(500, both, "status"))[claim] is holds
    assert judged(row(100, both, "status"))[claim] is None


def test_what_was_not_measured_is_neither_good_nor_bad() -> None:
    assert set(judged().values()) == {None}
    assert {tuple(verdict.cells()[2:]) for verdict in verdicts([])} == {("not measured", "")}


GOOD = Verdict("fast", "at most 1 s", "1 s", True)
LATE = Verdict("late", "at most 1 s", "2 s", False)
OPEN = Verdict("loop", "20 times as fast")


@pytest.mark.parametrize(
    ("judged", "failures", "told"),
    [
        ([GOOD, LATE], [], []),
        (
            [GOOD, OPEN],
            [],
            ["NOT MEASURED: loop", "page.md was not written: not everything was measured. Run make bench."],
        ),
        ([GOOD], ["web-1 is not up"], ["page.md was not written: not everything was measured. Run make bench."]),
    ],
)
def test_a_part_never_takes_the_place_of_the_whole(
    tmp_path: Path, judged: list[Verdict], failures: list[str], told: list[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\nold\n{END}\n")
    assert kept(page, "new", Findings(failures=failures), judged) == told
    assert page.read_text() == f"{BEGIN}\n{'old' if told else 'new'}\n{END}\n"


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--write"], 1)])
def test_a_run_of_one_way_fails_only_if_it_is_to_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    pages: list[str] = []
    monkeypatch.setattr(main.signal, "signal", lambda *_handler: None)
    monkeypatch.setattr(main, "rows", lambda stage, forks: [])
    monkeypatch.setattr(main, "write", lambda page, text: pages.append(text))
    assert main.main(["--ways", "wave", *arguments]) == code
    assert pages == []
    assert ("performance.md was not written" in capsys.readouterr().out) is bool(arguments)


def test_what_is_missed_is_told() -> None:
    assert missed([GOOD, LATE, OPEN]) == ["MISSED: late"]


def test_our_own_wave_comes_first_and_the_loop_last() -> None:
    names = [stage.ways[0].name for stage in stages(parsed([]))]
    assert names[:10] == ["wave"] * 5 + ["provision", "prepare", "prepare-recreate", "status", "status"]
    assert [stage.scene.servers for stage in stages(parsed([])) if stage.ways[0].name == "status"] == [100, 500]
    assert names[-2:] == ["loop-late", "loop"]
    by_name = {stage.ways[0].name: stage.scene.servers for stage in stages(parsed([]))}
    assert (by_name["loop"], by_name["loop-late"], by_name["hosts"]) == (100, 10, 100)


def test_only_some_of_it() -> None:
    (stage,) = stages(parsed(["--ways", "loop", "--loop-n", "3"]))
    assert (str(stage), round(stage.seconds)) == ("`loop` of openstack.cloud, waiting for each: 3 servers", 51)
    with pytest.raises(SystemExit):
        parsed(["--ways", "walk"])


def test_requests_are_counted_by_what_they_are_for() -> None:
    lines = {"GET volume/v3/volumes/ID": 2, "GET compute/v2.1/servers/ID": 3, "POST volume/v3/volumes": 1, "PUT x": 4}
    assert by_purpose(lines) == {"state of one resource": 5, "make a volume": 1, "PUT x": 4}
    assert purpose("DELETE volume/v3/volumes/ID/metadata/standby_building") == "mark a volume"
    assert table([("build", 5, lines), ("again", 5, {"PUT x": 1})])[1:] == [
        ["state of one resource", "5", ""],
        ["make a volume", "1", ""],
        ["PUT x", "4", "1"],
        ["all", "10", "1"],
        ["for each server", "2.00", "0.20"],
    ]


@pytest.mark.parametrize(("verb", "good"), [("wait", True), ("unshelve", False)])
def test_a_second_failover_on_the_pocket_cloud_only_reads(verb: str, good: bool) -> None:
    """It looks at the consoles again, which is a POST and changes nothing."""
    lines = [{"kind": "run"}, *({"kind": "step", "phase": phase, "verb": verb} for phase in ("begin", "ended"))]
    chain = Chain("`dr_failover`, second run", 20, 5.0, 1.0, {"POST compute": 20}, writes(lines))
    assert chain.writes == (0 if good else 1)
    (verdict,) = on_the_pocket_cloud([chain], 20)
    assert verdict.holds is good
    assert on_the_pocket_cloud([], 20)[0].holds is None


def test_what_fails_does_not_keep_the_rest_from_being_measured(capsys: pytest.CaptureFixture[str]) -> None:
    found = Findings()
    with found.kept():
        raise Failed("web-1 is not up")
    assert found.failures == ["web-1 is not up"]
    assert "FAILED: web-1 is not up" in capsys.readouterr().out


def test_the_report_has_all_tables() -> None:
    rows = [row(500, measured(16.0, 2050)), row(100, measured(2.0, 110), "readiness")]
    chain = Chain("`dr_failover`", 20, 60.0, 55.5, {"GET compute": 40, "POST compute": 20}, 20)
    text = report("conditions", Findings(rows, [chain]), [Verdict("claim", "wanted", "measured", True)])
    assert "| `dr_failover` | 20 | 60.0 | 55.5 | 60 | 3.00 | 20 |" in text
    for words in (
        "conditions",
        "| wave | 500 | 16.0 | 1.50 |",
        "| GET x | 110 |",
        "| claim | wanted | measured | holds |",
    ):
        assert words in text


def test_what_two_sites_were_asked_has_tables_of_its_own() -> None:
    rows = [row(count, replace(measured(3.0, count), sites=(7, 8)), "status") for count in (100, 500)]
    text = report("conditions", Findings([row(100, measured(2.0, 110), "readiness"), *rows]), [])
    for words in (
        "requests to both sites together",
        "| status | 500 | 3.0 |",
        "for, with 500 servers:",
        "| GET x | 500 |",
    ):
        assert words in text
    assert text.count("| GET x |") == 3


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="one is missing"):
        write(page, "new")
