"""How often Python runs a function."""


def counted(fun):
    """The function, and how often Python ran it."""

    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return fun(*args, **kwargs)

    wrapper.calls = 0
    return wrapper
