"""Whether an MP3 file says how long it is; many do not, and what is estimated from its bit rate is wrong.

An MP3 is a row of frames, each with a header of four bytes (ISO/IEC 11172-3, 13818-3). A first frame that holds "Xing",
"Info" or "VBRI" instead of sound may give their number.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

KBITS = {
    ("1", 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    ("1", 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    ("2", 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    ("2", 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
TAG = 10  # bytes of an ID3v2 header
FRAMES_FLAG = 1
STATED, LIKELY, UNKNOWN = "stated", "likely", "unknown"


def is_mp3(head: bytes) -> bool:
    """True for the first bytes of an MP3 or MP2 file, with or without a tag in front."""
    return head[:3] == b"ID3" or _frame(head[:4]) is not None


def length(path: str | Path) -> str:
    """STATED, LIKELY (one bit rate, so that the size tells) or UNKNOWN: the frames must be counted.

    A file that holds more frames than the first one states (two that were joined) is UNKNOWN.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _after_tags(data)
        stated = _stated_frames(data, start)
        found, rates = 0, set()
        for _, kbits in _frames(data, start):
            found += 1
            rates.add(kbits)
            if stated is None and (len(rates) > 1 or kbits == 0):
                return UNKNOWN
    if stated is None:
        return LIKELY
    # The frame that states the number is none of those that it counts; one more is a habit of some encoders.
    return STATED if found - 1 <= stated + 1 else UNKNOWN


def _after_tags(data) -> int:
    start = 0
    while data[start : start + 3] == b"ID3" and start + TAG < len(data):
        size = 0
        for byte in data[start + 6 : start + TAG]:
            size = size << 7 | byte & 0x7F
        start += TAG + size
    return start


def _stated_frames(data, start: int) -> int | None:
    first = next(_frames(data, start), None)
    if first is None:
        return None
    head = data[first[0] : first[0] + 64]
    for name in (b"Xing", b"Info"):
        place = head.find(name)
        # A file that was cut there says nothing.
        if place > 0 and len(head) >= place + 12 and head[place + 7] & FRAMES_FLAG:
            return int.from_bytes(head[place + 8 : place + 12], "big")
    place = head.find(b"VBRI")
    return int.from_bytes(head[place + 14 : place + 18], "big") if place > 0 and len(head) >= place + 18 else None


def _frames(data, start: int) -> Iterator[tuple[int, int]]:
    """(place, kbit/s) of each frame; what is no frame (tags, padding) is passed over."""
    while 0 <= start < len(data) - 3:
        frame = _frame(data[start : start + 4])
        if frame is None:
            start = data.find(b"\xff", start + 1)
            continue
        kbits, length = frame
        yield start, kbits
        if not length:
            return
        start += length


def _frame(head: bytes) -> tuple[int, int] | None:
    """(kbit/s, bytes) of the frame that such a header begins, (0, 0) for a free bit rate, None when it is no header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, bits = head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or layer not in (2, 3) or rate == 3 or bits == 15:
        return None
    kbits = KBITS["1" if version == 3 else "2", layer][bits]
    samples_per_8 = 144 if version == 3 or layer == 2 else 72
    length = samples_per_8 * 1000 * kbits // RATES_HZ[version][rate] + (head[2] >> 1 & 1) if kbits else 0
    return kbits, length
