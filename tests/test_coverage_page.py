"""The coverage page says what the table of functions shows, and what it refuses is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coverage_page import NOTES, PAGE, REFUSED, Refused, page
from function_table import ROWS

import dualtape as dt


def test_page_is_in_step_with_the_table() -> None:
    message = "run `python tests/coverage_page.py`"
    assert PAGE.read_text(encoding="utf-8") == page(), message


def test_notes_are_on_functions_of_the_table() -> None:
    assert set(NOTES) <= {entry.name for entry in ROWS}


@pytest.mark.parametrize("case", REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_is_not_recorded_raises_with_its_name(case: Refused) -> None:
    name, function, _ = case

    def f(x: Any) -> Any:
        return function(np, x)

    with pytest.raises(TypeError, match=name.rpartition(".")[2]):
        dt.vjp(f, np.array([0.5, 1.5, 2.5]))
