"""scipy.spatial for traced values: distances."""

from .._dispatch import hand_on
from . import distance as distance

__getattr__ = hand_on("spatial")
