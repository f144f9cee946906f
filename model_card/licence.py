"""The licence that an adapter can carry, from the licences of the clips that taught it."""


def strictest(licences):
    """Hub licence id for ``{licence: clips}``; the most restrictive one present decides.

    Unknown licences give "other": then a person has to decide, and the card lists the counts.
    """
    names = [name.upper().replace("-", " ") for name in licences]
    if not names or any("NOT STATED" in name for name in names):
        return "other"
    if any(" NC" in name or "NONCOMMERCIAL" in name for name in names):
        return "cc-by-nc-sa-4.0" if any(" SA" in name for name in names) else "cc-by-nc-4.0"
    if any(" SA" in name for name in names):
        return "cc-by-sa-4.0"
    if any(name.startswith("CC BY") for name in names):
        return "cc-by-4.0"
    free = ("CC0", "PUBLIC DOMAIN", "MIT", "BSD")
    return "cc0-1.0" if all(name.startswith(free) for name in names) else "other"
