# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One site: its name, ports, options and folders. Recorded in site.json, which launcher and services both read."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import socket
import zlib

from pocket_cloud import errors

SERVICES = ("keystone", "placement", "glance", "neutron", "nova", "cinder")
"""The processes that every site has, in the order of their ports."""

PORTS = (*SERVICES, "mariadb", "rabbitmq", "epmd", "erlang")
"""What may listen: the services, and what some sites have besides (erlang: how RabbitMQ's nodes would talk)."""

PORT_STEP = 10
FIRST_PORT, LAST_PORT = 15000, 31990  # below Linux' ephemeral ports: no outgoing connection can take one of ours
NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclasses.dataclass
class Site:
    """What makes one site, and where its files are.

    :param folder: everything of this site.
    :param guarded: whether nova-api offers the guarded root volume API; False is what every public cloud is.
    :param ports: TCP port of each service on 127.0.0.1.
    :param computes: number of nova-compute services; the second and later ones are in availability zone az2, az3, ...
    :param prepared: name of the prepared databases that its own were copied from: they fit only the same pins.
    :param database: "sqlite" or "mariadb".
    :param cells: number of cells; several have one compute each.
    :param workers: number of nova-api processes behind the one port.
    :param nova: release of nova; "": the pinned one.
    :param ahead: by how many seconds the clocks of its services are ahead.
    """

    name: str
    folder: pathlib.Path
    guarded: bool
    ports: dict[str, int]
    computes: int = 1
    prepared: str = ""
    database: str = "sqlite"
    cells: int = 1
    workers: int = 1
    nova: str = ""
    ahead: int = 0

    @classmethod
    def load(cls, folder: pathlib.Path) -> Site:
        """Read the site recorded in a folder; FileNotFoundError if there is none."""
        data = json.loads((folder / "site.json").read_text())
        known = {field.name for field in dataclasses.fields(cls)}  # another version may have recorded more
        return cls(folder=folder, **{name: value for name, value in data.items() if name in known})

    def save(self) -> None:
        """Record the site. The file appears complete or not at all."""
        data = dataclasses.asdict(self)
        del data["folder"]
        partial = self.folder / "site.json.new"
        partial.write_text(json.dumps(data, indent=2) + "\n")
        partial.replace(self.folder / "site.json")

    @property
    def spread(self) -> bool:
        """Whether each part of nova has a process of its own: several of a part need it, and so do older releases."""
        return bool(self.nova) or self.cells > 1 or self.workers > 1

    @property
    def services(self) -> tuple[str, ...]:
        """The processes of this site, in the order in which they are started."""
        stores = {"mariadb": self.database == "mariadb", "rabbitmq": self.spread}
        wanted = [store for store, is_wanted in stores.items() if is_wanted]
        return (*wanted, *SERVICES, *(self.nova_parts if self.spread else ()))

    def stores_of(self, service: str) -> list[str]:
        """Return what must answer before a process can start: MariaDB, and for nova RabbitMQ."""
        messages = ("rabbitmq",) if service.startswith("nova") else ()
        return [store for store in ("mariadb", *messages) if store in self.services]

    @property
    def nova_parts(self) -> list[str]:
        """The processes of a nova that is spread, without the first of nova-api."""
        cells = [f"nova-{part}-cell{number}" for number in self.cell_numbers for part in ("conductor", "compute")]
        return ["nova-conductor", "nova-scheduler", *cells, *(f"nova-api{n}" for n in range(2, self.workers + 1))]

    @property
    def cell_numbers(self) -> range:
        """The numbers of the cells that have computes: 1, 2, ..."""
        return range(1, self.cells + 1)

    @property
    def region(self) -> str:
        """Name of the region: RegionA for site a."""
        return "Region" + self.name.capitalize()

    @property
    def keystone_url(self) -> str:
        """Base address of keystone, without /v3."""
        return self.url("keystone")

    def url(self, service: str) -> str:
        """Return the base address of a service."""
        return f"http://127.0.0.1:{self.ports[port_of(service)]}"

    def port_alone(self, service: str) -> int:
        """Return the port on which a process alone must be able to listen; 0 if it has none, or shares it."""
        port = port_of(service)
        return 0 if not port or (port == "nova" and self.workers > 1) else self.ports[port]

    @property
    def etc(self) -> pathlib.Path:
        """Rendered configuration."""
        return self.folder / "etc"

    @property
    def cell_files(self) -> list[pathlib.Path]:
        """What nova's processes of a cell read besides nova.conf."""
        return [self.etc / f"nova-cell{number}.conf" for number in self.cell_numbers] if self.spread else []

    @property
    def databases(self) -> pathlib.Path:
        """SQLite files, or MariaDB's folder."""
        return self.folder / "db"

    @property
    def volumes(self) -> pathlib.Path:
        """One sparse raw file for each volume and snapshot."""
        return self.folder / "volumes"

    @property
    def bootstrapped(self) -> pathlib.Path:
        """This file exists once the service user and the endpoints exist."""
        return self.folder / "bootstrapped"

    @property
    def seeded(self) -> pathlib.Path:
        """This file exists once flavors, network, images and types exist."""
        return self.folder / "seeded"

    @property
    def guests(self) -> pathlib.Path:
        """What the hypervisors of this site keep on their disks."""
        return self.folder / "guests"

    @property
    def orders(self) -> pathlib.Path:
        """One file for each fault that was ordered."""
        return self.folder / "orders"

    def log(self, service: str) -> pathlib.Path:
        """Return the log of a service, its standard error included."""
        return self.folder / "log" / f"{service}.log"

    def pid_file(self, service: str) -> pathlib.Path:
        """Return where the process of a service is recorded."""
        return self.folder / "pid" / f"{service}.json"

    def ready_file(self, service: str) -> pathlib.Path:
        """Return the file that a service writes when it answers."""
        return self.folder / "pid" / f"{service}.ready"


def port_of(service: str) -> str:
    """Return which port a process listens on: those of nova-api share one; "" if it serves nobody."""
    if service.startswith("nova-api"):
        return "nova"
    return service if service in PORTS else ""


def check_name(name: str) -> str:
    """Return the name of a site, or refuse one that cannot be a region, a folder and a part of a cloud name."""
    if not NAME_PATTERN.fullmatch(name):
        raise errors.PocketCloudError(
            f"A site name must be lower case letters and digits, at most 16, starting with a letter; seen: {name!r}."
        )
    return name


def port_is_free(port: int) -> bool:
    """Tell whether a service could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(folder: pathlib.Path, base: int | None) -> dict[str, int]:
    """Return a free port for everything that may listen.

    Without a base the search begins at a place that depends on the site's folder: two clouds started at the same
    moment look at different ports, and a cloud made anew gets the ports it had.
    """
    if base is not None:
        ports = range(base, base + len(PORTS))
        busy = [port for port in ports if not port_is_free(port)]
        if busy:
            raise errors.PocketCloudError(f"Wanted ports {ports[0]} to {ports[-1]}; {busy} are in use. Give others.")
        return dict(zip(PORTS, ports, strict=True))
    blocks = range(FIRST_PORT, LAST_PORT, PORT_STEP)
    first = zlib.crc32(str(folder).encode()) % len(blocks)
    for block in [*blocks[first:], *blocks[:first]]:
        ports = range(block, block + len(PORTS))
        if all(port_is_free(port) for port in ports):
            return dict(zip(PORTS, ports, strict=True))
    raise errors.PocketCloudError(f"No {len(PORTS)} free ports in a row from {FIRST_PORT} to {LAST_PORT}.")
