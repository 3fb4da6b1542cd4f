"""Shared by all tests: reproducible Hypothesis runs."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A test must not fail by chance, so the examples are fixed; with DUALTAPE_FUZZ set they are new
# each time, and a failure prints how to repeat it.
settings.register_profile(
    "dualtape",
    derandomize="DUALTAPE_FUZZ" not in os.environ,
    print_blob=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile("dualtape")
