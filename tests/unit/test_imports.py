# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may import whom, and where what may stand: the rules of docs/design.md, read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))
UTILS = "module_utils"
GLUE = {
    f"{UTILS}/run_module.py",
    *(name for name in FILES if name.startswith(("action/", "lookup/", "filter/", "plugin_utils/"))),
}


def tree(name: str) -> ast.Module:
    return ast.parse((PLUGINS / name).read_text(encoding="utf-8"))


def imports(name: str) -> set[str]:
    """What a file imports when it runs: "module_utils/data/steps" for files of the collection, else a package."""
    found: set[str] = set()
    whole = tree(name)
    for_types = [
        node for node in ast.walk(whole) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    not_run = {part for node in for_types for part in ast.walk(node)}
    for node in (node for node in ast.walk(whole) if node not in not_run):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= from_import(name, node)
    return found


def from_import(name: str, node: ast.ImportFrom) -> set[str]:
    module = node.module or ""
    own = "ansible_collections.standby.openstack.plugins."
    if module.startswith(own):
        base = Path(module[len(own) :].replace(".", "/"))
    elif node.level:
        base = Path(name).parents[node.level - 1] / module.replace(".", "/")
    else:
        return {module.partition(".")[0]}
    deeper = {(base / alias.name).as_posix() for alias in node.names}
    return {path for path in deeper if f"{path}.py" in FILES} or {base.as_posix()}


def layer(path: str) -> str:
    """The part of the collection that a file belongs to, such as "decide", "cloud", "data" or "modules"."""
    parts = path.removesuffix(".py").split("/")
    return parts[1] if parts[0] == UTILS else parts[0]


def in_layers(*layers: str) -> list[str]:
    found = [name for name in FILES if layer(name) in layers]
    assert found, f"no file in {layers}: this test would pass for nothing"
    return found


PURE = ("data", "decide", "report")

#: Files of other layers that must be pure as well: their caller owns the clock and the network.
PURE_FILES = [f"{UTILS}/engine/converge.py", f"{UTILS}/engine/waits.py", f"{UTILS}/run/closing_lines.py"]

#: What each layer may import of the collection, itself included.
MAY = {
    "data": {"data"},
    "decide": {"data", "decide"},
    "cloud": {"data", "cloud", "engine"},
    "engine": {"data", "engine"},
    "operations": set(),
    "network_jobs": {"data", "decide", "cloud", "engine"},
    "providers": {"data", "decide", "cloud"},
    "room": {"data", "decide", "cloud"},
    "claims": {"data", "decide", "cloud"},
    "way_back": {"data", "decide", "cloud", "clouds", "providers", "room"},
    "earlier_drill": {"data", "decide", "cloud"},
    "executors": {"data", "cloud", "engine", "run"},
    "clouds": {"data", "decide", "cloud", "operations"},
    "wave": {
        "data",
        "decide",
        "cloud",
        "engine",
        "clouds",
        "network_jobs",
        "operations",
        "providers",
        "executors",
        "room",
    },
    "jobs_of_drills": {"data", "decide", "cloud", "engine", "wave", "room", "earlier_drill"},
    "jobs_at_both_sites": {"data", "decide", "cloud", "wave"},
    "jobs": {"data", "decide", "cloud", "jobs_at_both_sites", "jobs_of_drills", "providers", "way_back"},
    "run": {"data", "decide", "engine", "claims", "jobs", "operations", "run"},
    "run_module": {"data", "cloud", "engine", "executors"},
    "report": {"data", "operations", "run", "report"},
}

#: What single files of a layer may import, where that is less than the layer may.
MAY_FILE = {
    f"{UTILS}/engine/waits.py": {"data"},
    f"{UTILS}/run/closing_lines.py": {"operations"},
    f"{UTILS}/run/definition_file.py": {"data", "run"},
    f"{UTILS}/run/identity.py": set(),
    f"{UTILS}/run/journal.py": {"data", "engine", "run"},
    f"{UTILS}/run/own_files.py": set(),
    f"{UTILS}/run/live_lines.py": {"data", "engine"},
    f"{UTILS}/run/lock.py": {"data", "run"},
    f"{UTILS}/run/programs.py": {"data"},
}

#: Of `engine` the cloud may use only what it sees: states. Of `run` a report may use only words and the journal.
ONLY = {
    ("cloud", "engine"): {f"{UTILS}/engine/waits"},
    ("report", "run"): {f"{UTILS}/run/closing_lines"},
    ("executors", "run"): {f"{UTILS}/run/definition_file", f"{UTILS}/run/programs"},
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_belongs_to_a_known_layer(name: str) -> None:
    assert layer(name) in {*MAY, "modules", "action", "doc_fragments", "lookup", "filter", "plugin_utils"}


@pytest.mark.parametrize("name", in_layers(*MAY))
def test_import_directions(name: str) -> None:
    used = {path for path in imports(name) if path.startswith(UTILS)}
    allowed_layers = MAY_FILE.get(name, MAY[layer(name)])
    assert {layer(path) for path in used} - allowed_layers == set(), f"{name} may not import these"
    for (mine, other), allowed in ONLY.items():
        if layer(name) == mine:
            assert {path for path in used if layer(path) == other} <= allowed


@pytest.mark.parametrize("name", [*in_layers(*PURE), *PURE_FILES])
def test_what_is_pure_imports_neither_ansible_nor_the_sdk(name: str) -> None:
    assert imports(name) & {"ansible", "openstack", "keystoneauth1", "requests", "socket", "time", "threading"} == set()


@pytest.mark.parametrize("name", FILES)
def test_only_the_glue_imports_ansible(name: str) -> None:
    if name not in GLUE:
        assert "ansible" not in imports(name)


@pytest.mark.parametrize("name", FILES)
def test_only_the_session_and_its_answers_import_the_sdk(name: str) -> None:
    both = {"openstack", "keystoneauth1"}
    allowed = {
        f"{UTILS}/cloud/session.py": both,
        f"{UTILS}/cloud/errors.py": both,
        f"{UTILS}/cloud/bounds.py": {"keystoneauth1", "requests"},
        f"{UTILS}/cloud/pool.py": {"keystoneauth1", "requests"},
        f"{UTILS}/run_module.py": {"openstack"},
    }
    assert imports(name) & {"openstack", "keystoneauth1", "requests"} <= allowed.get(name, set())


@pytest.mark.parametrize("name", FILES)
def test_only_the_glue_asks_for_check_mode(name: str) -> None:
    asks = any(
        (isinstance(node, ast.Attribute) and node.attr == "check_mode")
        or (isinstance(node, ast.Constant) and node.value == "check_mode")
        for node in ast.walk(tree(name))
    )
    assert not asks or name in GLUE


def test_one_place_decides_what_check_mode_means() -> None:
    """It is tested where a plan is carried out or not, and nowhere else.

    In a decision `check` is a health check; an action looks at it to show less.
    """
    tests = [
        name
        for name in (name for name in FILES if layer(name) not in ("decide", "action"))
        for node in ast.walk(tree(name))
        if isinstance(node, (ast.If, ast.IfExp, ast.While))
        and any(isinstance(part, ast.Name) and part.id in ("check", "check_mode") for part in ast.walk(node.test))
    ]
    assert tests == [f"{UTILS}/engine/converge.py"]


@pytest.mark.parametrize("name", FILES)
def test_only_the_pace_of_requests_sleeps(name: str) -> None:
    if name != f"{UTILS}/cloud/throttle.py":
        assert "time.sleep" not in {
            ast.unparse(node) for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)
        }


@pytest.mark.parametrize("name", in_layers("modules"))
def test_a_module_says_what_and_not_how(name: str) -> None:
    """No branch on a state, no failure of its own: that is what the decision is for."""
    words = {node.attr for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)}
    assert words & {"fail_json", "exit_json", "status", "task_state", "warn"} == set()


def test_no_file_imports_in_a_circle() -> None:
    graph = {name.removesuffix(".py"): {path for path in imports(name) if f"{path}.py" in FILES} for name in FILES}
    while graph:
        ready = {name for name, needs in graph.items() if not needs & set(graph)}
        assert ready, f"these import each other: {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in ready}
