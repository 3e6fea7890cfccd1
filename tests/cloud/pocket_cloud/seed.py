# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site offers from the start: flavors, a network, images, a volume type, availability zones."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
from typing import Any

from pocket_cloud import api, errors, layout, site

FLAVORS = (
    # name, virtual CPUs, memory (MiB), disk (GiB)
    ("m1.tiny", 1, 64, 0),
    ("m1.small", 1, 128, 1),
    ("m1.medium", 2, 256, 0),
)

GOLDEN_HEAD = b"cirros-golden-00"
"""The first bytes of the image's disk: a console that shows them booted the image, unchanged."""

IMAGES: tuple[tuple[str, dict[str, int]], ...] = (
    # name, properties beyond those that all have
    ("cirros", {}),
    ("needs-2g", {"min_disk": 2}),
)
IMAGE_MIB = 8


def ensure_image_file(folders: layout.Layout) -> pathlib.Path:
    """Return the small qcow2 image, made once."""
    image = folders.build / "cirros.qcow2"
    if image.exists():
        return image
    with tempfile.TemporaryDirectory(dir=folders.build) as name:
        raw, qcow2 = pathlib.Path(name) / "disk.raw", pathlib.Path(name) / "disk.qcow2"
        raw.write_bytes(GOLDEN_HEAD.ljust(IMAGE_MIB << 20, b"\0"))
        command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(qcow2)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise errors.PocketCloudError(f"{' '.join(command)} failed: {done.stderr}")
        qcow2.replace(image)
    return image


def seed(place: site.Site, image: pathlib.Path) -> None:
    """Make what is missing; running it again changes nothing."""
    admin = api.Api(place)
    seed_flavors(admin, place)
    seed_network(admin, place)
    seed_images(admin, place, image)
    seed_volume_type(admin, place)
    seed_zones(admin, place)


def seed_flavors(admin: api.Api, place: site.Site) -> None:
    """Make the flavors."""
    url = place.url("nova") + "/v2.1/flavors"
    known = names(admin.get(url)["flavors"])
    for name, vcpus, ram, disk in FLAVORS:
        if name not in known:
            admin.post(url, {"flavor": {"name": name, "vcpus": vcpus, "ram": ram, "disk": disk}})


def seed_network(admin: api.Api, place: site.Site) -> None:
    """Make the network that all projects share."""
    url = place.url("neutron") + "/v2.0"
    found = admin.get(f"{url}/networks?name=shared-net")["networks"]
    wanted = {"network": {"name": "shared-net", "shared": True}}
    network = found[0] if found else admin.post(f"{url}/networks", wanted)["network"]
    if not network["subnets"]:
        subnet = {"name": "shared-subnet", "network_id": network["id"], "cidr": "10.0.0.0/16", "ip_version": 4}
        admin.post(f"{url}/subnets", {"subnet": subnet})


def seed_images(admin: api.Api, place: site.Site, image: pathlib.Path) -> None:
    """Make the images; one whose upload was interrupted gets its bytes now."""
    url = place.url("glance") + "/v2/images"
    known = {found["name"]: found for found in admin.get(url)["images"]}
    for name, properties in IMAGES:
        common = {"name": name, "disk_format": "qcow2", "container_format": "bare", "visibility": "public"}
        found = known.get(name) or admin.post(url, {**common, **properties})
        if found["status"] == "queued":
            admin.put(f"{url}/{found['id']}/file", image.read_bytes())


def seed_volume_type(admin: api.Api, place: site.Site) -> None:
    """Make the volume type whose volumes can be attached to several servers."""
    url = f"{place.url('cinder')}/v3/{admin.project_id}/types"
    if "multiattach" not in names(admin.get(url)["volume_types"]):
        specs = {"multiattach": "<is> True"}
        admin.post(url, {"volume_type": {"name": "multiattach", "extra_specs": specs}})


def seed_zones(admin: api.Api, place: site.Site) -> None:
    """Put the second and later computes into zones of their own (az2, ...), by host aggregates as operators do."""
    url = place.url("nova") + "/v2.1/os-aggregates"
    known = names(admin.get(url)["aggregates"])
    for number in range(2, place.computes + 1):
        zone = f"az{number}"
        if zone in known:
            continue
        made = admin.post(url, {"aggregate": {"name": zone, "availability_zone": zone}})["aggregate"]
        admin.post(f"{url}/{made['id']}/action", {"add_host": {"host": f"compute{number}"}})


def names(found: list[dict[str, Any]]) -> set[str]:
    """Return the names of what an API listed."""
    return {one["name"] for one in found}
