"""The code blocks of docs/cpp.md, for the tests that compile and run them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "cpp.md"
PART = re.compile(r"^#+ (?P<title>[^\n]*)|^```(?P<language>\w*)\n(?P<code>.*?)^```", re.M | re.S)


def blocks(language: str) -> dict[str, str]:
    """Heading, in small letters with underscores -> the block of this language below it."""
    found: dict[str, str] = {}
    heading = ""
    for part in PART.finditer(PAGE.read_text(encoding="utf-8")):
        if part["title"] is not None:
            heading = re.sub(r"\W+", "_", part["title"].lower())
        elif part["language"] == language:
            assert heading not in found, f"{PAGE.name}: two {language} blocks below {heading!r}"
            found[heading] = part["code"]
    return found
