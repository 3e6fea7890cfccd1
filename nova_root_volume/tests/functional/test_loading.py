# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The filter loads where it can work, and refuses with a clear line where it cannot."""

from __future__ import annotations

from unittest import mock

import pytest
from nova import conf
from nova.volume import cinder
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslo_policy import policy

from nova_root_volume import filter as root_filter
from nova_root_volume import needs, options, policies


def test_this_nova_has_all():
    assert needs.missing() == []


@pytest.mark.parametrize(
    "name", ["nova.nothing:at_all", "nova.volume.cinder:API.nothing", "nova.volume.cinder:Nothing.get"]
)
def test_what_is_missing_is_named(name):
    with mock.patch.object(needs, "NEEDED", (*needs.NEEDED, name)):
        assert needs.missing() == [name]


def test_nova_27_is_refused(caplog):
    """What it lacks made each call on a root a 500, while the extension was advertised."""
    older = type("API", (), {"get": None})
    with mock.patch.object(cinder, "API", older), pytest.raises(root_filter.CannotLoadError) as caught:
        root_filter.factory({})
    assert "this Nova lacks nova.volume.cinder:API.check_availability_zone" in str(caught.value)
    assert "nova.volume.cinder:API.attachment_get_all" in str(caught.value)
    assert [record.getMessage() for record in caplog.records] == [str(caught.value)]


def test_options_in_the_paste_file_are_refused():
    with pytest.raises(root_filter.CannotLoadError, match=r"belong into \[root_volume\] of nova.conf"):
        root_filter.factory({}, stale_task_seconds="5")


@pytest.mark.parametrize(("value", "good"), [("10", True), ("3600", True), ("0", False), ("-1", False), ("x", False)])
def test_the_option_has_limits(tmp_path, value, good):
    """A value of 0 once switched the lock off."""
    file = tmp_path / "nova.conf"
    file.write_text(f"[root_volume]\nstale_task_seconds = {value}\n")
    read = cfg.ConfigOpts()
    read(["--config-file", str(file)], project="nova")
    if good:
        assert root_filter._stale_after(read) == int(value)
    else:
        with pytest.raises(root_filter.CannotLoadError, match=r"\[root_volume\]"):
            root_filter._stale_after(read)


def test_options_and_policies_are_found_by_oslos_generators():
    """They read these functions by entry points; each option and each rule says what it is for."""
    ((group, listed),) = options.list_opts()
    assert group.name == "root_volume"
    assert all(option.help for option in listed)
    read = cfg.ConfigOpts()
    read([], project="nova", default_config_files=[])  # oslo.policy before 5 looks for a policy file at once
    enforcer = policy.Enforcer(read, use_conf=False)
    enforcer.register_defaults(policies.list_rules())
    assert len(enforcer.registered_rules) == 4


def test_the_option_is_novas_own(request):
    fixture = config_fixture.Config(conf.CONF)
    fixture.setUp()
    request.addfinalizer(fixture.cleanUp)
    options.register(conf.CONF)
    fixture.config(stale_task_seconds=30, group="root_volume")
    assert root_filter._stale_after(conf.CONF) == 30
