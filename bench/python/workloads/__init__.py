"""Every workload of the benchmark, one file a family."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contestants import Workload

from . import (
    dynamics,
    elementwise,
    jacobians,
    linear,
    networks,
    rosenbrock,
    scalars,
    sparse,
    statistics,
    transforms,
    tutorials,
)

FAMILIES: dict[str, Callable[[], Iterator[Workload]]] = {
    "rosenbrock": rosenbrock.workloads,
    "elementwise": elementwise.workloads,
    "scalars": scalars.workloads,
    "networks": networks.workloads,
    "linear": linear.workloads,
    "statistics": statistics.workloads,
    "dynamics": dynamics.workloads,
    "tutorials": tutorials.workloads,
    "transforms": transforms.workloads,
    "jacobians": jacobians.workloads,
    "sparse": sparse.workloads,
}
