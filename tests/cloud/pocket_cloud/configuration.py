# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of every service of a site, in this one place."""

from __future__ import annotations

from pocket_cloud import layout, site

Sections = dict[str, dict[str, object]]

FOLDERS = (
    *("etc/plugins", "db", "log", "pid", "keys", "locks", "orders"),
    *("images", "staging", "tasks", "volumes", "guests"),
    *("nova", "neutron", "cinder/coordination"),
)

UNLIMITED = -1
NEUTRON_QUOTAS = ("network", "port", "subnet", "security_group", "security_group_rule")

CINDER_QUOTAS = ("volumes", "snapshots", "gigabytes", "backups", "backup_gigabytes", "groups")

STORE_USER = "pocket"
"""User and password of MariaDB and RabbitMQ; both listen on 127.0.0.1 alone."""

STILL_ALIVE_SECONDS = 3600
"""A service is believed to live this long after its last heartbeat: a busy machine must not look like a dead one."""

ENTRY_POINTS = "[neutron.ml2.mechanism_drivers]\npocket_cloud = pocket_cloud_services.network:BindAtOnce\n"
METADATA = "Metadata-Version: 2.1\nName: pocket-cloud-services\nVersion: 1.0\n"


def database(place: site.Site, name: str) -> str:
    """Return the SQLAlchemy address of a database; timeout is how long (s) a writer of SQLite waits for its turn."""
    if place.database == "mariadb":
        return f"mysql+pymysql://{STORE_USER}:{STORE_USER}@127.0.0.1:{place.ports['mariadb']}/{name}?charset=utf8mb4"
    return f"sqlite:///{place.databases}/{name}.sqlite?timeout=60"


def credentials(place: site.Site, **more: object) -> dict[str, object]:
    """Return the options with which one service calls another."""
    return {
        "auth_type": "password",
        "auth_url": f"{place.keystone_url}/v3",
        "username": "svc",
        "password": "svc",
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": place.region,
        **more,
    }


def common(place: site.Site, service_type: str) -> Sections:
    """Return what every service but keystone has: token checks, locks, no notifications."""
    token = credentials(
        place,
        www_authenticate_uri=place.keystone_url,
        service_token_roles="service",
        service_token_roles_required=True,
        service_type=service_type,
        interface="internal",
    )
    return {
        "keystone_authtoken": token,
        "oslo_concurrency": {"lock_path": place.folder / "locks"},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_policy": {"enforce_scope": True},
    }


QUIET = (
    *("sqlalchemy", "urllib3", "os_brick", "oslo_messaging", "oslo_policy", "keystonemiddleware", "keystoneauth"),
    *("stevedore", "taskflow", "dogpile", "nova.compute.resource_tracker", "cinder.api.openstack.wsgi"),
)


def logging() -> dict[str, object]:
    """Log to standard error, which the launcher sends to the site's log folder; quiet."""
    return {"use_stderr": True, "debug": False, "default_log_levels": ",".join(f"{name}=WARN" for name in QUIET)}


def keystone(place: site.Site) -> Sections:
    """Return keystone.conf."""
    return {
        "DEFAULT": {**logging(), "public_endpoint": place.keystone_url},
        "database": {"connection": database(place, "keystone")},
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": {"key_repository": place.folder / "keys/fernet"},
        # receipts (of a login with several factors) are not used, but keystone looks for their keys at every start
        "fernet_receipts": {"key_repository": place.folder / "keys/fernet"},
        "credential": {"key_repository": place.folder / "keys/credential"},
        "identity": {"password_hash_rounds": 4},
        "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
    }


def placement(place: site.Site) -> Sections:
    """Return placement.conf."""
    return {
        "DEFAULT": logging(),
        "api": {"auth_strategy": "keystone"},
        "placement_database": {"connection": database(place, "placement")},
        **common(place, "placement"),
    }


def glance(place: site.Site) -> Sections:
    """Return glance-api.conf: images are files."""
    return {
        "DEFAULT": {
            **logging(),
            "enabled_backends": "file:file",
            "worker_self_reference_url": place.url("glance"),
            "transport_url": "fake:///",
            "show_multiple_locations": False,
        },
        "database": {"connection": database(place, "glance")},
        "glance_store": {"default_backend": "file"},
        "file": {"filesystem_store_datadir": place.folder / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": place.folder / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": place.folder / "tasks"},
        "paste_deploy": {"flavor": "keystone"},
        **common(place, "image"),
    }


def neutron(place: site.Site) -> Sections:
    """Return neutron.conf: no agents, ports are bound by our mechanism driver."""
    default: dict[str, object] = {
        "state_path": place.folder / "neutron",
        "api_paste_config": place.etc / "neutron-api-paste.ini",
        "core_plugin": "ml2",
        "service_plugins": "router",
        "transport_url": "fake:///",
        "dhcp_agent_notification": False,
    }
    ml2: dict[str, object] = {
        "type_drivers": "local,flat,vlan",
        "tenant_network_types": "local",
        "mechanism_drivers": "pocket_cloud",
        "extension_drivers": "port_security",
    }
    return {
        "DEFAULT": {**logging(), **default},
        "database": {"connection": database(place, "neutron")},
        "ml2": ml2,
        "ml2_type_flat": {"flat_networks": "*"},
        "quotas": {f"quota_{what}": UNLIMITED for what in NEUTRON_QUOTAS},
        "nova": credentials(place),
        "placement": credentials(place),
        **common(place, "network"),
    }


def cinder(place: site.Site, folders: layout.Layout) -> Sections:
    """Return cinder.conf: one back end of files, backups to the folder shared by the sites."""
    return {
        "DEFAULT": {**logging(), **cinder_default(place, folders), **cinder_backup(folders)},
        "file": {
            "volume_driver": "pocket_cloud_services.block_storage.FileDriver",
            "volume_backend_name": "file",
            "pocket_cloud_folder": place.volumes,
        },
        "database": {"connection": database(place, "cinder")},
        # enough for volumes of an encrypted type to exist; their bytes are not encrypted
        "key_manager": {"backend": "cinder.keymgr.conf_key_mgr.ConfKeyManager", "fixed_key": "0" * 64},
        "coordination": {"backend_url": f"file://{place.folder}/cinder/coordination"},
        "service_user": credentials(place, send_service_user_token=True),
        "nova": credentials(place, interface="internal"),
        **common(place, "volumev3"),
    }


def cinder_default(place: site.Site, folders: layout.Layout) -> dict[str, object]:
    """Return the options of API, scheduler and volume."""
    return {
        "state_path": place.folder / "cinder",
        "host": f"cinder-{place.name}",
        "my_ip": "127.0.0.1",
        "transport_url": "fake:///",
        "auth_strategy": "keystone",
        "enabled_backends": "file",
        "service_down_time": STILL_ALIVE_SECONDS,
        "glance_api_servers": place.url("glance"),
        "allowed_direct_url_schemes": "",
        "image_conversion_dir": place.folder / "cinder/conversion",
        "api_paste_config": place.etc / "cinder-api-paste.ini",
        "resource_query_filters_file": folders.venv / "etc/cinder/resource_filters.json",
        **{f"quota_{what}": UNLIMITED for what in CINDER_QUOTAS},
    }


def cinder_backup(folders: layout.Layout) -> dict[str, object]:
    """Return the options of backup. Disks are mostly zeros: compressed, a full backup of 1 GiB takes some kilobytes."""
    return {
        "backup_driver": "cinder.backup.drivers.posix.PosixBackupDriver",
        "backup_posix_path": folders.backups,
        "backup_compression_algorithm": "zstd",
        "backup_file_size": 64 << 20,
        "backup_sha_block_size_bytes": 1 << 20,
        "backup_enable_progress_timer": False,
    }
