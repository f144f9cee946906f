"""The one list of endings by which files are found in folders. What a file is, its content decides, not its ending."""

from pathlib import Path

# What libsndfile reads by itself, and what ffmpeg is asked for; in folders files are found by these endings.
PLAIN = (".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aif", ".aiff",
         ".aifc", ".au", ".snd", ".caf")  # fmt: skip
DECODED = (".m4a", ".m4b", ".aac", ".mp4", ".mov", ".3gp", ".3g2", ".amr", ".wma", ".asf", ".webm", ".weba", ".mka",
           ".mkv", ".ac3", ".ape", ".wv", ".tta", ".dsf")  # fmt: skip
SOUNDS = (*PLAIN, *DECODED)
# The same for people, who need no list of 36 endings.
SOUND_FILES = "sound files such as wav, flac, mp3, ogg or m4a"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def is_sound_name(path) -> bool:
    """True for a name that ends like a sound; what macOS puts beside files (._name, __MACOSX) and hidden ones are none.

    Only the name is looked at, so that a file inside an archive can be asked for too.
    """
    path = Path(path)
    return path.suffix.lower() in SOUNDS and not path.name.startswith(".") and "__MACOSX" not in path.parts
