"""Shared by all tests: reproducible Hypothesis runs."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# CI must not fail by chance: there the examples are fixed. Elsewhere they are new each time and a
# failure prints how to repeat it.
settings.register_profile(
    "dualtape",
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("dualtape")
