"""Labels of different collections under one name, so that a real and a synthesised rooster are one class."""

SAME_SOUND = {
    "bee": "bees",
    "bird": "birdsong",
    "cat": "cat_meow",
    "cricket": "crickets",
    "door_knock": "knocking",
    "footstep": "footsteps",
    "glass": "glass_break",
    "river": "stream",
    "thunderstorm": "thunder",
    "insect:field_cricket": "crickets",
    "bird:ruru_morepork": "owl",
}
SONGBIRDS = [
    "blackbird",
    "chaffinch",
    "european_robin",
    "korimako_bellbird",
    "magpie",
    "ngirungiru_tomtit",
    "red_faced_spinetail",
    "riroriro_grey_warbler",
    "song_thrush",
    "sparrows",
    "tautauwai_n_i_robin",
    "tui",
]
OPEN_LICENCES = ("CC0", "CC BY", "PUBLIC DOMAIN", "MIT")
CLOSED_TERMS = ("NC", "SA", "ND")


def class_of(label: str) -> str:
    """The class that a label of any collection belongs to."""
    if label.removeprefix("bird:") in SONGBIRDS:
        return "birdsong"
    return SAME_SOUND.get(label, label)


def is_open(licence: str) -> bool:
    """Whether weights trained on a clip may be shared freely: CC0, CC BY, MIT or public domain, no NC, SA or ND."""
    text = licence.upper().replace("-", " ").replace("_", " ")
    terms = text.split()
    return text.startswith(OPEN_LICENCES) and not any(term in terms for term in CLOSED_TERMS)
