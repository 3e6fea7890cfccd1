# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where everything that is generated lies: below build/cloud of the repository, or where the environment says."""

from __future__ import annotations

import dataclasses
import os
import pathlib

CLOUD_SOURCE = pathlib.Path(__file__).resolve().parents[1]
REPOSITORY = CLOUD_SOURCE.parents[1]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folders of one pocket cloud.

    :param build: what can be shared by several clouds: virtual environment, prepared databases, seed image.
    :param run: one running cloud: its sites, the backups shared by them, clouds.yaml.
    """

    build: pathlib.Path
    run: pathlib.Path

    @classmethod
    def from_environment(cls) -> Layout:
        """Read POCKET_CLOUD_BUILD (default: <repository>/build/cloud) and POCKET_CLOUD_RUN (default: <build>/run)."""
        build = pathlib.Path(os.environ.get("POCKET_CLOUD_BUILD") or REPOSITORY / "build" / "cloud").absolute()
        run = pathlib.Path(os.environ.get("POCKET_CLOUD_RUN") or build / "run").absolute()
        return cls(build=build, run=run)

    @property
    def venv(self) -> pathlib.Path:
        """The virtual environment with the pinned services."""
        return self.build / "venv"

    @property
    def python(self) -> pathlib.Path:
        """The interpreter that runs the services."""
        return self.venv / "bin" / "python"

    def nova_venv(self, release: str) -> pathlib.Path:
        """Return the virtual environment of a release of nova; "": that of all services."""
        return self.build / "nova" / release if release else self.venv

    @property
    def golden(self) -> pathlib.Path:
        """Prepared databases, one folder for each version of what they are made from."""
        return self.build / "golden"

    @property
    def backups(self) -> pathlib.Path:
        """The backup store shared by the sites of a run folder, as an object store shared by two clouds would be."""
        return self.run / "backups"

    @property
    def clouds_yaml(self) -> pathlib.Path:
        """The file that openstacksdk reads."""
        return self.run / "clouds.yaml"


def services_python_path() -> str:
    """Return PYTHONPATH of the service processes: this folder and the guarded root volume API."""
    return os.pathsep.join([str(CLOUD_SOURCE), str(REPOSITORY / "nova_root_volume" / "src")])


# what builds the few releases that have no wheel
BUILD_TOOLS = CLOUD_SOURCE / "build-tools.txt"


def nova_pins(release: str) -> pathlib.Path:
    """Return the file with the pins of a release of nova; "": those of all services."""
    return CLOUD_SOURCE / "nova_releases" / f"{release}.txt" if release else CLOUD_SOURCE / "requirements.txt"


def nova_releases() -> list[str]:
    """Return the releases of nova that have pins of their own, oldest first."""
    return sorted(path.stem for path in (CLOUD_SOURCE / "nova_releases").glob("*.txt"))
