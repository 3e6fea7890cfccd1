# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the role dr_report writes, made by Ansible itself from journals; no cloud is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import journals
import pytest
from ansible.errors import AnsibleError
from ansible_collections.standby.openstack.plugins.lookup.recovery_report import LookupModule
from jinja2 import Environment, nodes
from journals import Journal

TEMPLATES = Path(__file__).resolve().parents[2] / "roles" / "dr_report" / "templates"

#: Names and messages that are HTML, XML, CSS, a template of Ansible, or no text at all.
EVIL = """<script>alert(1)</script> & &amp; "' ]]> {{ 7 * 7 }} {% raw %} } :root { \x07 \x9b \u202e ü"""
SHOWN = EVIL.replace("\x07", "\ufffd").replace("\x9b", "\ufffd").replace("\u202e", "\ufffd")


def evil() -> Journal:
    """A journal in which everything that is a text is evil."""
    fields = dict.fromkeys(("plan", "user", "host", "process"), EVIL)
    tables = {key: {EVIL: EVIL} for key in ("parameters", "versions", "clouds")}
    journal = Journal(servers=(EVIL, "db"), **fields, **tables, carries_on=EVIL).fence(text=EVIL)
    journal.step(EVIL, "unshelve", EVIL, 0.5, 1.0, msg=EVIL).fails(EVIL, 1.0, EVIL, request_id=EVIL, reason=EVIL)
    journal.failover_of("db")
    journal.lines[-1].update(handover=EVIL, handover_reason=EVIL, recovery_point=EVIL)
    return journal.end(13.0, msg=EVIL, findings=[{"text": EVIL}], requests={EVIL: {EVIL: 1}})


JOURNALS: dict[str, Callable[[], Journal]] = {
    "succeeded": journals.succeeded,
    "failed": journals.failed,
    "killed": journals.killed,
    "refused": journals.refused,
    "evil": evil,
}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: standby.openstack.dr_report}
      vars: {dr_report_journal: "{{ folder }}/{{ item }}.jsonl", dr_report_folder: "{{ folder }}/new"}
      loop: "{{ names }}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports on all journals, in one run of Ansible. The rest of a line that was cut off is not even UTF-8."""
    place = tmp_path_factory.mktemp("reports")
    for name, journal in JOURNALS.items():
        (place / f"{name}.jsonl").write_text(journal().text, encoding="utf-8")
    with (place / "killed.jsonl").open("ab") as file:
        file.write('{"kind": "ü'.encode()[:-1])
    (place / "play.yml").write_text(PLAY, encoding="utf-8")
    variables = json.dumps({"folder": str(place), "names": list(JOURNALS)})
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "play.yml", "-e", variables]
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0"}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    assert "WARNING" not in done.stdout + done.stderr
    return place / "new"


def report_on(place: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the role on a journal in a folder."""
    (place / "run.jsonl").write_text(journals.succeeded().text, encoding="utf-8")
    play = PLAY.replace("{{ folder }}/new", "{{ to }}")
    (place / "play.yml").write_text(play, encoding="utf-8")
    given = json.dumps({"folder": str(place), "names": ["run"], "to": str(place), **variables})
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "play.yml", "-e", given]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=120)


def test_reports_are_for_the_user_alone(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    done = report_on(tmp_path)
    assert done.returncode == 0, done.stdout
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def test_nothing_is_written_through_a_link_nor_into_a_pipe(tmp_path: Path) -> None:
    target = tmp_path / "target"
    (tmp_path / "run.json").symlink_to(target)
    os.mkfifo(tmp_path / "run.html")
    done = report_on(tmp_path)
    assert done.returncode != 0
    for file in ("run.json", "run.html"):
        assert f"{file} is not a regular file and stays as it is." in done.stdout
    assert not target.exists()


def page(folder: Path, name: str) -> ET.Element:
    """A page, which is well-formed XML as well."""
    return ET.fromstring((folder / f"{name}.html").read_text(encoding="utf-8"))


def text(element: ET.Element | None) -> str:
    """All text of an element, with spaces in the place of those that tie words together."""
    assert element is not None
    return "".join(element.itertext()).replace("\u00a0", " ")


@pytest.mark.parametrize("name", JOURNALS)
def test_all_three_say_the_same_sentence(folder: Path, name: str) -> None:
    report = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    suite = ET.parse(folder / f"{name}.xml")
    said = [row.get("value") for row in suite.iter("property") if row.get("name") == "headline"]
    assert said == [report["headline"]] == [text(page(folder, name).find("body/main/header//h1"))]


@pytest.mark.parametrize("name", JOURNALS)
def test_the_page_stands_alone(folder: Path, name: str) -> None:
    whole = page(folder, name)
    tags = {element.tag for element in whole.iter()}
    assert tags & {"script", "link", "img", "image", "iframe", "object", "embed", "a", "use", "form", "base"} == set()
    attributes = {(key, value) for element in whole.iter() for key, value in element.attrib.items()}
    assert {key for key, _value in attributes} & {"href", "src", "srcset", "data", "action", "style-src"} == set()
    assert not [value for _key, value in attributes if "//" in value or key_of_script(value)]
    style = text(whole.find("head/style"))
    assert "@import" not in style
    assert set(re.findall(r"url\(([^)]*)\)", style)) <= {"#lines", "#dots", "#bars", "#weave"}
    policy = whole.find("head/meta[@http-equiv='Content-Security-Policy']")
    assert policy is not None
    assert policy.get("content") == "default-src 'none'; style-src 'unsafe-inline'"


def key_of_script(value: str) -> bool:
    """Whether an attribute would run something."""
    return value.strip().lower().startswith("javascript:")


def test_what_comes_from_elsewhere_is_text_and_nothing_else(folder: Path) -> None:
    whole = page(folder, "evil")
    assert SHOWN in text(whole.find("head/title"))
    assert "49" not in text(whole.find("body")).replace("<script>", "")
    shown = {text(e) for e in whole.iter() if e.tag in ("th", "td", "dt", "dd", "p", "summary", "code", "text")}
    assert {SHOWN, f"{SHOWN}: {SHOWN}"} & shown == {SHOWN}
    assert sum(SHOWN in words for words in shown) >= 10
    assert {e.tag for e in whole.iter()} == {e.tag for e in page(folder, "failed").iter()}
    assert SHOWN not in text(whole.find("head/style"))


def test_what_comes_from_elsewhere_is_text_in_the_other_files_too(folder: Path) -> None:
    report = json.loads((folder / "evil.json").read_text(encoding="utf-8"))
    assert report["servers"][0]["msg"] == report["user"] == SHOWN
    suite = ET.parse(folder / "evil.xml").find("testsuite")
    assert suite is not None
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == SHOWN
    assert failure.text == f"{SHOWN}\nOpenStack request id: {SHOWN}"


@pytest.mark.parametrize("template", ["report.html.j2", "report.xml.j2"])
def test_every_value_of_a_template_is_escaped(template: str) -> None:
    """Ansible's templates do not escape by themselves, and {% autoescape %} changes nothing in them."""
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    tree = Environment().parse(source)
    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    values = [value for output in tree.find_all(nodes.Output) for value in output.nodes]
    shown = [value for value in values if not isinstance(value, nodes.TemplateData)]
    assert len(shown) > 20
    for value in shown:
        is_macro = isinstance(value, nodes.Call) and getattr(value.node, "name", "") in macros
        assert is_macro or (isinstance(value, nodes.Filter) and value.name == "e"), f"line {value.lineno}"


@pytest.mark.parametrize(
    ("name", "counts", "kinds"),
    [
        ("succeeded", (2, 0, 0, 0), {}),
        ("failed", (3, 1, 0, 1), {"web": "failure", "app": "skipped"}),
        ("killed", (3, 0, 1, 1), {"web": "error", "app": "skipped"}),
        ("refused", (3, 1, 0, 2), {"db": "skipped", "app": "skipped", "run": "failure"}),
    ],
)
def test_the_test_cases(folder: Path, name: str, counts: tuple[int, ...], kinds: dict[str, str]) -> None:
    root = ET.parse(folder / f"{name}.xml").getroot()
    (suite,) = root
    for element in (root, suite):
        assert tuple(int(element.get(what, "")) for what in ("tests", "failures", "errors", "skipped")) == counts
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert len(cases) == counts[0]
    assert {case.get("classname") for case in cases.values()} == {"shop.failover"}
    assert all(float(case.get("time", "")) >= 0 for case in cases.values())
    found = {key: child.tag for key, case in cases.items() for child in case if child.tag != "system-out"}
    assert found == kinds
    assert all(child.get("message") for case in cases.values() for child in case if child.tag != "system-out")


def test_the_chart_has_a_bar_for_each_part_and_words_for_those_who_do_not_see_it(folder: Path) -> None:
    whole = page(folder, "failed")
    drawing = whole.find(".//svg[@role='img']")
    assert drawing is not None
    labels = (drawing.get("aria-labelledby") or "").split()
    named = {element.get("id"): text(element) for element in drawing if element.get("id")}
    assert [named[label] for label in labels] == [
        "Timeline from db to app",
        "A row for each of 3 servers, from the start of the run to 13 s later.",
    ]
    bars = [element.get("class") for element in drawing.iter("rect") if str(element.get("class")).startswith("l")]
    assert bars == ["l1 done", "l2 done", "l3 done", "l1 done", "l2 failed"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.jsonl", "No such file or directory"),
        ("play.yml", "Wanted the journal of a run, saw a file that does not begin like one."),
    ],
)
def test_what_is_no_journal(folder: Path, name: str, said: str) -> None:
    with pytest.raises(AnsibleError, match=said):
        LookupModule().run([str(folder.parent / name)])
