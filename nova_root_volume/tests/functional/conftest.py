# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Nova chooses its threads at the first import of its functional tests, so this comes before anything else of it."""

import nova.tests.functional  # noqa: F401
