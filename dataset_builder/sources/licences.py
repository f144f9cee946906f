"""Licences as people write them, from the addresses that APIs give."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)")


def licence_name(address: str) -> str:
    """``CC BY-NC 4.0`` for ``…creativecommons.org/licenses/by-nc/4.0/``; CC0 and unknown texts likewise readable."""
    if "publicdomain/zero" in address or address.lower() == "creative commons 0":
        return "CC0 1.0"
    if "publicdomain/mark" in address:
        return "Public domain"
    if "sampling+" in address:
        return "CC Sampling+ 1.0"
    found = ADDRESS.search(address)
    return f"CC {found[1].upper()} {found[2]}" if found else address
