"""The compiled part of dualtape."""

__version__: str
