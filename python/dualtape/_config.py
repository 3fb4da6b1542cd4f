from typing import Literal

from . import _core


def show_config(mode: Literal["stdout", "dicts"] = "stdout") -> dict[str, str | list[str]] | None:
    """How dualtape was built and what it runs on, as `numpy.show_config`.

    The instruction set of the kernels is the best the CPU has; the environment variable
    DUALTAPE_KERNELS, read at import, names another: x86-64-v2, x86-64-v3 or x86-64-v4.

    Args:
      mode: "stdout" prints a line an entry, "dicts" returns a dictionary.

    >>> sorted(dt.show_config("dicts"))
    ['compiler', 'eigen', 'kernels', 'usable_kernels', 'version']
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f'show_config: mode must be "stdout" or "dicts", got {mode!r}')
    config = _core.config()
    if mode == "dicts":
        return config
    width = max(len(name) for name in config)
    for name, value in config.items():
        print(f"{name:{width}}  {value if isinstance(value, str) else ', '.join(value)}")
    return None
