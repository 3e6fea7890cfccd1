# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them, in this process: options, check mode, diff, exit and failure."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.standby.openstack.plugins.module_utils import run_module as module_glue
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import StandbyError
from ansible_collections.standby.openstack.plugins.modules import (
    server_boot_volume,
    server_boot_volume_info,
    server_root_volume_attach,
    server_root_volume_detach,
    server_shelve,
    server_unshelve,
)
from loopback_cloud import Fails, LoopbackCloud

pytestmark = pytest.mark.usefixtures("quick_polls")

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a module against the cloud on loopback; return what it returns."""

    def run(module: Any, check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {"cloud": cloud.config(), "_ansible_check_mode": check, **options}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


ROOT = {"id": "vol-root", "volumeId": "vol-root", "device": "/dev/vda", "tag": "root"}
BY_NAME = "GET compute /servers/detail?name=%5Edb%24"


def server(status: str, task: str | None = None) -> dict[str, Any]:
    return {"id": "srv", "name": "db", "status": status, "OS-EXT-STS:task_state": task, "flavor": {}}


def volume(status: str, **more: Any) -> dict[str, Any]:
    return {"volume": {"id": "vol-root", "name": "db-root", "status": status, "size": 1, "bootable": "true", **more}}


def says(present: bool) -> dict[str, Any]:
    return {
        "root_volume": {"device": "/dev/vda", "device_present": present, "volume_id": "vol-root" if present else None}
    }


@pytest.fixture
def shelved(cloud: LoopbackCloud) -> LoopbackCloud:
    """A server that is shelved and offloaded, with its root."""
    cloud.answers |= {
        BY_NAME: {"servers": [server("SHELVED_OFFLOADED")]},
        "GET compute /servers/srv": {"server": server("SHELVED_OFFLOADED")},
        "GET compute /extensions": {"extensions": [{"alias": "os-root-volume"}]},
        "GET compute /servers/srv/os-volume_attachments": {"volumeAttachments": [ROOT]},
        "GET compute /servers/srv/os-root-volume": says(True),
        "GET block_storage /volumes/vol-root": volume("reserved"),
        "GET block_storage /volumes/detail?name=db-root": {"volumes": [volume("available")["volume"]]},
        "GET network /ports?device_id=srv": {"ports": []},
    }
    return cloud


DETACH = "DELETE compute /servers/srv/os-volume_attachments/vol-root"


def test_apply(shelved: LoopbackCloud, run: Run) -> None:
    shelved.answers |= {
        DETACH: Fails(202),
        "GET compute /servers/srv/os-root-volume": [says(True), says(False)],
        "GET block_storage /volumes/vol-root": [volume("reserved"), volume("detaching"), volume("available")],
        "GET compute /servers/srv/os-volume_attachments": [{"volumeAttachments": [ROOT]}, {"volumeAttachments": []}],
    }
    result = run(server_root_volume_detach, server="db")
    assert shelved.writes() == [DETACH]
    assert (result["changed"], result["steps"]) == (True, ["detach root volume db-root from server db"])
    assert (result["server"]["dormant"], result["server"]["volumes"]) == (True, [])
    assert result["diff"]["before"]["root_volume"]["present"] is True
    assert result["diff"]["after"] == result["server"]


def test_what_was_sent_before_an_error_is_a_change(shelved: LoopbackCloud, run: Run) -> None:
    shelved.answers |= {
        DETACH: Fails(202),
        "GET block_storage /volumes/vol-root": [volume("reserved"), volume("error")],
    }
    result = run(server_root_volume_detach, server="db")
    assert shelved.writes() == [DETACH]
    assert (result["failed"], result["changed"]) == (True, True)


def test_check_mode_foretells_what_apply_returns(shelved: LoopbackCloud, run: Run) -> None:
    result = run(server_root_volume_detach, check=True, server="db")
    assert shelved.writes() == []
    assert (result["changed"], result["steps"]) == (True, ["detach root volume db-root from server db"])
    assert (result["server"]["dormant"], result["diff"]["after"]["dormant"]) == (True, True)


def test_nothing_to_do(shelved: LoopbackCloud, run: Run) -> None:
    result = run(server_shelve, server="db")
    assert (shelved.writes(), result["changed"], result["steps"]) == ([], False, [])
    assert result["diff"]["before"] == result["diff"]["after"] == result["server"]


@pytest.mark.parametrize("check", [True, False])
def test_a_refusal(shelved: LoopbackCloud, run: Run, check: bool) -> None:
    result = run(server_root_volume_attach, check=check, server="db", volume="db-root")
    assert result["changed"] is False
    result = run(server_root_volume_attach, check=check, server="other", volume="db-root")
    assert result["failed"] is True
    assert shelved.writes() == []


def test_a_refusal_tells_its_parts(cloud: LoopbackCloud, run: Run) -> None:
    cloud.answers |= {BY_NAME: {"servers": []}, "GET compute /extensions": {"extensions": []}}
    result = run(server_unshelve, server="db")
    assert (result["failed"], result["msg"]) == (
        True,
        "Refused to unshelve server db: the cloud knows no server of that name or id. Check the name.",
    )
    assert result["error"] == {
        "code": "refused",
        "reason": "no_server",
        "wanted": "unshelve server db",
        "seen": "the cloud knows no server of that name or id",
        "todo": "Check the name.",
    }


def test_an_error_of_the_cloud(shelved: LoopbackCloud, run: Run) -> None:
    shelved.answers[DETACH] = Fails(403, {"forbidden": {"message": "Can't detach root device volume"}})
    result = run(server_root_volume_detach, server="db")
    assert result["msg"] == (
        "loopback: DELETE /servers/srv/os-volume_attachments/vol-root was answered with 403: "
        "Can't detach root device volume"
    )
    assert (result["error"]["code"], result["error"]["status"]) == ("cloud_error", 403)


def test_steps_that_led_nowhere(shelved: LoopbackCloud, run: Run) -> None:
    """A 202 does not mean detached."""
    shelved.answers[DETACH] = Fails(202)
    shelved.answers["GET block_storage /volumes/vol-root"] = [volume("reserved"), volume("available")]
    result = run(server_root_volume_detach, server="db")
    assert result["error"]["code"] == "not_converged"
    assert "yet something is still to do: detach root volume db-root from server db." in result["msg"]


def test_a_deadline(shelved: LoopbackCloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly any time passes until the volume was looked at twice after the request, however slow the machine is."""
    shelved.answers[DETACH] = Fails(202)

    looks = itertools.count()

    def clock() -> float:
        _before, detached, after = "\n".join(shelved.lines()).partition(DETACH)
        return 2.0 if detached and after.count("GET block_storage /volumes/vol-root") > 1 else next(looks) / 10_000

    monkeypatch.setattr(module_glue, "Fleet", partial(module_glue.Fleet, clock=clock))
    result = run(server_root_volume_detach, server="db", timeout=1)
    assert result["error"]["code"] == "timed_out"
    assert "the volume vol-root is still reserved after 1 s; expected available." in result["msg"]


def test_without_waiting(shelved: LoopbackCloud, run: Run) -> None:
    shelved.answers[DETACH] = Fails(202)
    reads = "GET block_storage /volumes/vol-root"
    result = run(server_root_volume_detach, server="db", wait=False)
    assert (result["changed"], shelved.lines().count(reads)) == (True, 1)


def test_info(shelved: LoopbackCloud, run: Run) -> None:
    result = run(server_boot_volume_info, server="db")
    assert set(result) - {"invocation"} == {"changed", "server", "cloud"}
    assert (result["changed"], result["server"]["name"]) == (False, "db")
    assert result["cloud"]["guarded_api_is"] == "advertised"


def test_a_bug_is_told_as_one(shelved: LoopbackCloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_seen: object) -> None:
        raise KeyError("status")

    monkeypatch.setattr(server_shelve.shelving, "decide_shelve", broken)
    result = run(server_shelve, server="db")
    assert result["msg"] == "Unexpected KeyError: 'status'"
    assert "error" not in result


def test_an_answer_that_is_none_is_the_fault_of_the_cloud(shelved: LoopbackCloud, run: Run) -> None:
    shelved.answers[BY_NAME] = {"servers": [{"id": "srv", "name": "db"}]}
    result = run(server_shelve, server="db")
    assert result["msg"].startswith(
        "loopback: read: an answer is not as OpenStack describes it (KeyError: 'status', parse.py line "
    )
    assert result["error"]["code"] == "cloud_error"


def test_what_must_be_said(run: Run) -> None:
    assert run(server_boot_volume, name="db")["msg"] == (
        "state is present but all of the following are missing: flavor, boot_volume"
    )


def test_bad_input_is_a_refusal(cloud: LoopbackCloud, run: Run) -> None:
    result = run(server_boot_volume, name="db", flavor="f", boot_volume={"size": 1})
    assert result["error"]["reason"] == "bad_disk"
    assert cloud.writes() == []


def test_notes_are_warnings(shelved: LoopbackCloud, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Plan
    from ansible_collections.standby.openstack.plugins.module_utils.decide.server import shelve as shelving

    warnings: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, text: warnings.append(text))
    monkeypatch.setattr(shelving, "decide_shelve", lambda seen, name: Plan({}, {}, notes=("Mind the gap.",)))
    run(server_shelve, server="db")
    assert warnings == ["Mind the gap."]


SECRETS = {"auth": {"password": "open sesame"}, "client_key": "/path/of/key"}


def test_secrets_are_not_returned(cloud: LoopbackCloud, run: Run) -> None:
    result = run(server_boot_volume, name="db", flavor="f", boot_volume={}, user_data="sudo secret", **SECRETS)
    text = json.dumps(result)
    assert result["failed"] is True
    for secret in ("open sesame", "sudo secret", "/path/of/key"):
        assert secret not in text


def params(**given: Any) -> dict[str, Any]:
    return {**dict.fromkeys(module_glue.CLOUD_OPTIONS), **given}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"cloud": "a", "interface": "public"}, {"cloud": "a", "interface": "public"}),
        ({"cloud": {"auth_type": "none", "x": 1}}, {"auth_type": "none", "x": 1}),
        (
            {"cloud": {"auth_type": "none", "region_name": "old"}, "region_name": "r", "interface": "internal"},
            {"auth_type": "none", "region_name": "r", "interface": "internal"},
        ),
        (
            {"cloud": {"auth": {"u": 1}}, "api_timeout": 5, "ca_cert": "a"},
            {"auth": {"u": 1}, "api_timeout": 5, "cacert": "a"},
        ),
        (
            {"auth": {"u": 1}, "auth_type": "t", "region_name": "r"},
            {"auth": {"u": 1}, "auth_type": "t", "region_name": "r"},
        ),
        ({"validate_certs": False}, {"verify": False}),
        (
            {"ca_cert": "a", "client_cert": "b", "client_key": "c", "api_timeout": 5},
            {"cacert": "a", "cert": "b", "key": "c", "api_timeout": 5},
        ),
        ({"sdk_log_path": "/x", "sdk_log_level": "INFO"}, {}),
    ],
)
def test_the_options_of_the_connection(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert module_glue.connection(params(**given)) == expected


def test_no_option_overrides_what_clouds_yaml_says_unless_it_is_given() -> None:
    """Else the same cloud would behave in another way than it does for dr_wave."""
    spec = module_glue.CLOUD_OPTIONS
    assert [name for name, option in spec.items() if "default" in option] == ["sdk_log_level"]


def test_errors_carry_their_code() -> None:
    assert StandbyError("text", a=1).as_result() == {"msg": "text", "error": {"code": "error", "a": 1}}


def test_the_secrets_of_a_cloud_that_is_a_dict_are_not_shown(
    cloud: LoopbackCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither by -vvv, which shows the arguments, nor in the log of the system, nor in an error that repeats them."""
    logged: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, message, log_args=None: logged.append(str(log_args)))
    auth = {"auth_url": "http://127.0.0.1:1/v3", "username": "ann", "password": "CANARY-1", "passcode": "CANARY-2"}
    given = {"auth": auth, "auth_type": "password", "region_name": "loop", "key": "CANARY-3"}
    arguments = {"ANSIBLE_MODULE_ARGS": {"cloud": given, "server": "db"}}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps(arguments).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        server_shelve.main()
    shown = capsys.readouterr().out
    assert json.loads(shown)["invocation"]["module_args"]["cloud"]["auth"]["username"] == "ann"
    assert logged
    assert "CANARY" not in shown + "".join(logged)
