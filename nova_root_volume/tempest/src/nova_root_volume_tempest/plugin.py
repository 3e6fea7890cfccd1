# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""How Tempest finds the tests."""

from __future__ import annotations

import os
from typing import Any

from tempest.test_discover import plugins


class Plugin(plugins.TempestPlugin):
    """The tests, without options of their own."""

    def load_tests(self) -> tuple[str, str]:
        """Return the folder of the tests and the folder in which their package lies."""
        package = os.path.dirname(os.path.abspath(__file__))
        return os.path.join(package, "tests"), os.path.dirname(package)

    def register_opts(self, conf: Any) -> None:
        """Add no option."""

    def get_opt_lists(self) -> list[Any]:
        """Return no option."""
        return []
