# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the definition of a server that is about to be deleted."""

from __future__ import annotations

import os
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import Definition
from ansible_collections.standby.openstack.plugins.module_utils.run.definition_file import (
    BadRecord,
    read_record,
    write_record,
)

FLAVOR = {"name": "m1.tiny", "vcpus": 1, "ram": 64, "disk": 0}
DB = Definition("srv", "db", FLAVOR, ({"id": "p"},), (), None, None, None, None, False, {"a": "b"}, "", {}, False)


def test_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    write_record(str(file), asdict(DB))
    assert read_record(str(file)) == DB
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["db.json"]


def test_of_the_same_server_it_is_renewed(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    for name in ("db", "db2"):
        write_record(str(file), asdict(replace(DB, name=name)))
    assert read_record(str(file)) == replace(DB, name="db2")
    assert [path.name for path in tmp_path.iterdir()] == ["db.json"]


def test_that_of_another_server_is_kept_beside(tmp_path: Path) -> None:
    file = tmp_path / "db.json"
    write_record(str(file), asdict(DB))
    write_record(str(file), asdict(replace(DB, server_id="srv-2")))
    assert read_record(f"{file}.srv") == DB
    assert read_record(str(file)) == replace(DB, server_id="srv-2")


def test_none(tmp_path: Path) -> None:
    assert (read_record(None), read_record(str(tmp_path / "nothing"))) == (None, None)


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"server_id": "srv"}'])
def test_what_is_no_record_is_neither_read_nor_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(text)
    with pytest.raises(BadRecord, match="cannot be read as the definition of a server"):
        read_record(str(file))
    with pytest.raises(BadRecord):
        write_record(str(file), asdict(DB))
    assert file.read_text() == text


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match=r"cannot be written: .*Name a file in a folder that exists\."):
        write_record(str(tmp_path / "no" / "db.json"), asdict(DB))


def test_a_record_that_is_no_file_of_ours_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "db.json"
    os.mkfifo(file)
    with pytest.raises(BadRecord, match="is not a regular file"):
        read_record(str(file))
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadRecord, match="symbolic link"):
        read_record(str(file))
    file.unlink()
    write_record(str(file), asdict(DB))
    assert read_record(str(file)) == DB
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BadRecord, match=f"belongs to the user {os.getuid()}"):
        read_record(str(file))
