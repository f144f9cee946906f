"""How a good file becomes a hostile one: damaged bytes, and values that no writer of ours would have put there.

Every function takes the random numbers to draw from and the good bytes, and gives the hostile ones; the same seed gives
the same bytes.  A coverage-guided fuzzer (atheris) was not used: it counts branches of Python code, while most of what
is read here is read by C (Pillow, libsndfile, ffmpeg, Arrow, torch), where it sees nothing, and the readers of ours are
reached at once by values put into files that are whole.
"""

import csv
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable

ESCAPED = "HOSTILE-ESCAPED"
LONG = "x" * 70_000
NUMBERS = (0, -1, 1, 2**31, -(2**31), 2**63, 10**400, 1e308, -1e308, 1e-320, 0.5, float("nan"), float("inf"))
NAMES = (
    f"../../../{ESCAPED}", f"/tmp/{ESCAPED}/x", f"..\\..\\{ESCAPED}", f"C:\\{ESCAPED}", "~/x", ".", "..", "", " ",
    "con",
    "a\x00b", "a\nb", "<img src=x onerror=alert(1)>", "{{7*7}}", "${x}", "$x", "%s%n", "=cmd|'/c calc'!A0", '"); exit(',
    "'; drop table x; --", "\u202egpj", "\ufeffx", "\U0001f600" * 50, "```\nimport os\n```", "| a | b |", "/dev/zero",
    "/proc/self/environ", "file:///etc/passwd", "http://127.0.0.1:9/x", LONG, "\ud800", "x" * 300, "a/" * 400,
)  # fmt: skip
SWELLS = 30_000_000


def value(draw: random.Random):
    """Any JSON value that hurts."""
    kinds = (
        lambda: draw.choice(NUMBERS),
        lambda: draw.choice(NAMES),
        lambda: draw.choice([None, True, False, [], {}, [[]], {"": ""}, [None], {"a": {"a": {}}}]),
        lambda: [draw.choice(NUMBERS) for _ in range(draw.randrange(4))],
        lambda: nested(draw.choice((30, 5000))),
    )
    return draw.choice(kinds)()


def nested(depth: int) -> list:
    """A list in a list in a list."""
    found: list = []
    for _ in range(depth):
        found = [found]
    return found


def damaged(draw: random.Random, data: bytes) -> bytes:
    """Bits turned, pieces lost, doubled, overwritten or added, as disks, networks and fuzzers do."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        at, length = draw.randrange(len(made) + 1), draw.choice((1, 2, 4, 8, 64, 1024))
        if draw.random() < 0.5:
            at = min(at, draw.randrange(256))
        match draw.randrange(8):
            case 0:
                if at < len(made):
                    made[at] ^= 1 << draw.randrange(8)
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = made[at : at + length]
            case 3:
                made[at:at] = draw.randbytes(length)
            case 4:
                made[at : at + length] = bytes([draw.choice((0, 255))]) * length
            case 5:
                number = draw.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x10000000))
                made[at : at + 4] = struct.pack(draw.choice("<>") + "I", number)
            case 6:
                del made[at:]
            case 7:
                made[at : at + length] = draw.randbytes(length)
    return bytes(made)


def replaced(draw: random.Random, data: bytes) -> bytes:
    """A file of another kind under the name of this one."""
    others = (
        b"", b"\x00" * 4096, b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le"), b"%PDF-1.4 nothing", b"<html>no</html>",
        b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"RIFF\xff\xff\xff\xffWAVEfmt ", b"\x89PNG\r\n\x1a\n", b"fLaC",
        b"OggS",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"#EXTM3U\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'",
        b"[" * 100_000, b'{"a":' * 50_000, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        b"\x80\x04\x95\x1e\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
        b"PAR1" + bytes(40) + b"PAR1",
        struct.pack("<Q", 1 << 62) + b"{}", struct.pack("<Q", 2) + b"{}", data * 2, data[::-1],
    )  # fmt: skip
    return draw.choice(others)


def in_json(draw: random.Random, parsed):
    """The same JSON with some of its values, keys or rows replaced, taken out or doubled."""
    places: list[tuple] = []

    def walk(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    if not isinstance(parsed, dict | list):
        return value(draw)
    walk(parsed)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        if not places or draw.random() < 0.05:
            return value(draw)
        node, key = draw.choice(places)
        if isinstance(node, dict) and key in node and draw.random() < 0.3:
            kept = node.pop(key)
            if draw.random() < 0.5:
                node[str(draw.choice(NAMES))] = kept
        elif isinstance(node, list) and key < len(node) and draw.random() < 0.2:
            node.append(node.pop(key)) if draw.random() < 0.5 else node.pop(key)
        elif isinstance(node, dict) or key < len(node):
            node[key] = value(draw)
    return parsed


def dumped(parsed) -> bytes:
    """JSON as Python writes it, NaN and lone surrogates with it."""
    try:
        return json.dumps(parsed, allow_nan=False).encode()
    except RecursionError:
        return b"[" * 5000 + b"]" * 5000


def json_file(draw: random.Random, data: bytes) -> bytes:
    return dumped(in_json(draw, json.loads(data)))


def json_lines(draw: random.Random, data: bytes) -> bytes:
    lines = data.splitlines()
    for _ in range(draw.choice((1, 1, 3))):
        at = draw.randrange(len(lines))
        kind = draw.random()
        if kind < 0.6 and lines[at][:1] == b"{":
            lines[at] = dumped(in_json(draw, json.loads(lines[at])))
        else:
            lines[at] = b"" if kind < 0.7 else dumped(value(draw))
    return b"\n".join(lines) + b"\n" * draw.randrange(2)


def yaml_file(draw: random.Random, data: bytes) -> bytes:
    """Settings in YAML: JSON is YAML too; and what only YAML can do."""
    import yaml

    if draw.random() < 0.2:
        return draw.choice(
            (
                b"a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n",
                b"!!python/object/apply:os.system ['touch HOSTILE-ESCAPED']\n",
                b"method: !!python/name:os.system\n", b"- a\n- b\n", b"? [a]\n: b\n", b"a: *b\n", b"\t- x", b"12",
            )
        )  # fmt: skip
    return dumped(in_json(draw, yaml.safe_load(data)))


def table(draw: random.Random, data: bytes, delimiter: str = ",") -> bytes:
    """A csv or tsv with hostile cells, columns and ends."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8", "replace")), delimiter=delimiter))
    for _ in range(draw.choice((1, 1, 2, 6))):
        row = draw.choice(rows)
        match draw.randrange(9):
            case 0 | 1 | 2:
                row[draw.randrange(len(row))] = str(draw.choice((*NAMES, *NUMBERS[:6], "nan", "inf", "-5", "1e400")))
            case 3:
                row.append(str(draw.choice(NAMES)))
            case 4:
                if len(row) > 1:
                    row.pop()
            case 5:
                rows.append(list(row))
            case 6:
                column, name = draw.choice(
                    ("split", "start_s", "end_s", "licence", "clip_id", "recording", "duration", "events", "label")
                ), draw.choice((*NAMES, "nan", "-1", "inf", "train", "1e9"))  # fmt: skip
                rows[0].append(column)
                for other in rows[1:]:
                    other.append(str(name))
            case 7:
                rows[0] = rows[draw.randrange(len(rows))]
            case 8:
                draw.shuffle(rows)
    text = io.StringIO(newline="")
    # A lone quote or a NUL is what csv refuses to write: it is put in by hand.
    quoting = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=draw.choice(("\n", "\r\n"))).writerows(rows)
    made = text.getvalue()
    if draw.random() < 0.15:
        at = draw.randrange(len(made) + 1)
        made = made[:at] + draw.choice(('"', "\x00", "\r", "\n\n\n", delimiter * 50, "\u2028")) + made[at:]
    return made.encode(draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252")), "replace")


def text_file(draw: random.Random, data: bytes) -> bytes:
    """Lines of text with hostile lines among them."""
    lines = data.decode("utf-8", "replace").splitlines()
    for _ in range(draw.choice((1, 2, 5))):
        lines.insert(draw.randrange(len(lines) + 1), str(draw.choice((*NAMES, *NUMBERS))))
    if draw.random() < 0.3:
        draw.shuffle(lines)
    return "\n".join(lines).encode("utf-8", "replace")


def zip_file(draw: random.Random, data: bytes) -> bytes:
    """An archive with hostile names, swelling, doubled or encrypted entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        entries = given.infolist()
        for entry in entries:
            content = given.read(entry)
            if draw.random() < 0.3:
                content = mutation_of(entry.filename)(draw, content)
            name = entry.filename if draw.random() < 0.7 else f"{draw.choice(NAMES)}.wav"[-60_000:]
            archive.writestr(name.encode("utf-8", "replace").decode() or "a.wav", content)
        if draw.random() < 0.1:
            archive.writestr("swells.wav", bytes(SWELLS))
        if draw.random() < 0.1:
            for number in range(4000):
                archive.writestr(f"{number}.wav", b"")
    found = made.getvalue()
    if draw.random() < 0.2:
        found = found.replace(b"PK\x01\x02\x14\x00\x14\x00\x00\x00", b"PK\x01\x02\x14\x00\x14\x00\x01\x00")
    return found


def safetensors_file(draw: random.Random, data: bytes) -> bytes:
    """A header that lies about names, types, shapes, places and texts; or numbers that are none."""
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    match draw.randrange(6):
        case 0:
            at = draw.randrange(max(1, len(body) - 4)) // 4 * 4
            body[at : at + 4] = struct.pack("<f", draw.choice((float("nan"), float("inf"), 1e38)))
        case 1:
            name = draw.choice([name for name in header if name != "__metadata__"])
            header[str(draw.choice(NAMES))] = header.pop(name)
        case 2:
            texts = header.setdefault("__metadata__", {})
            key = draw.choice([*texts, "spectrogram_params", "base_model", "ss_network_args", "method", "trigger"])
            texts[key] = draw.choice((str(draw.choice(NAMES)), dumped(value(draw)).decode("utf-8", "replace")))
            text = texts[key]
            if text.startswith("{") or key in ("spectrogram_params",):
                texts[key] = draw.choice((text, "[" * 20_000, "{}", "null", "NaN"))
        case 3:
            name = draw.choice([name for name in header if name != "__metadata__"])
            header[name]["shape"] = draw.choice(([0], [], [1 << 40], [-1], [1] * 40, header[name]["shape"][::-1]))
        case 4:
            for name in list(header)[: draw.randrange(1, len(header) + 1)]:
                header.pop(name)
        case _:
            header = in_json(draw, header)
    text = dumped(header)
    return struct.pack("<Q", len(text)) + text + bytes(body)


def png_texts(draw: random.Random, data: bytes) -> bytes:
    """A PNG whose parameters, recipe or web-UI texts are hostile."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    with Image.open(io.BytesIO(data)) as image:
        texts, info, made = dict(image.text), PngInfo(), io.BytesIO()
        image.load()
        if draw.random() < 0.2:
            image = image.convert(draw.choice(("1", "L", "P", "RGB", "RGBA", "CMYK", "I"))).convert("RGB")
        if draw.random() < 0.15:
            image = image.resize((draw.choice((1, 2, 33, 700)), draw.choice((1, 8, 128, 300))))
        for name in draw.sample(sorted(texts), draw.randrange(1, len(texts) + 1)) if texts else ["parameters"]:
            text = texts.get(name, "")
            texts[name] = (
                dumped(in_json(draw, json.loads(text))).decode()
                if text.startswith("{") and draw.random() < 0.9
                else draw.choice((*NAMES, "Steps: 1e9, Seed: nan, CFG scale: inf, Size: 0x0", "Steps: , Seed: -"))
            )
        for name, text in texts.items():
            info.add_itxt(name, text.encode("utf-8", "replace").decode())
        image.save(made, "PNG", pnginfo=info)
    return made.getvalue()


def wav_chunks(draw: random.Random, data: bytes) -> bytes:
    """A RIFF file whose header promises what is not there."""
    made = bytearray(data)
    at = draw.choice((4, 16, 20, 22, 24, 28, 32, 34, 36, 40))
    made[at : at + 4] = struct.pack("<I", draw.choice((0, 1, 3, 7, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2, 8, 1 << 30)))
    return bytes(made)


def parquet_file(draw: random.Random, data: bytes) -> bytes:
    """A table of the same columns in which some have another type, nothing, or hostile values."""
    import pyarrow
    from pyarrow import parquet

    given = parquet.read_table(io.BytesIO(data))
    columns = {name: given[name].to_pylist() for name in given.column_names}
    count = given.num_rows
    for _ in range(draw.choice((1, 1, 3))):
        name = draw.choice(list(columns))
        match draw.randrange(4):
            case 0:
                columns.pop(name)
            case 1:
                columns[name] = [None] * count
            case 2:
                other = draw.choice(
                    (draw.choice(NAMES[:-3]), 5, float("nan"), b"\xff\x00", [1], {"bytes": b"x", "path": "../x"})
                )
                columns[name] = [other] * count
            case 3:
                columns[draw.choice(NAMES[:12])] = columns.pop(name)
        if not columns:
            break
    made = io.BytesIO()
    try:
        parquet.write_table(pyarrow.table(columns), made)
    except (pyarrow.ArrowException, TypeError, ValueError, UnicodeError):
        return damaged(draw, data)
    return made.getvalue()


def torch_file(draw: random.Random, data: bytes) -> bytes:
    """A pickle with a hostile structure, or one that would run a program."""
    import pickle

    import torch

    class Runs:
        def __reduce__(self):
            import os

            return os.system, (f"touch /tmp/{ESCAPED}-pickle",)

    if draw.random() < 0.2:
        return pickle.dumps({"a": Runs()}, protocol=2)
    tensor = draw.choice(
        (torch.zeros(0), torch.tensor(1.0), torch.ones(2, 3), torch.full((2, 64), float("nan")), torch.ones(1, 1, 1, 1))
    )
    name = draw.choice(NAMES)
    structures = (
        {"string_to_param": {name: tensor}, "name": name}, {name: tensor}, {"string_to_param": name}, [tensor], tensor,
        {"string_to_token": {name: 1}, "string_to_param": {}}, {"state_dict": {name: tensor}}, None, name, {1: tensor},
        {"unet.down_blocks.0.lora.down.weight": tensor}, {name: Runs()},
    )  # fmt: skip
    made = io.BytesIO()
    torch.save(draw.choice(structures), made)
    return made.getvalue()


SPECIAL: dict[str, Callable[[random.Random, bytes], bytes]] = {
    ".json": json_file, ".jams": json_file, ".jsonl": json_lines, ".yaml": yaml_file, ".csv": table, ".txt": text_file,
    ".tsv": lambda draw, data: table(draw, data, "\t"), ".zip": zip_file, ".safetensors": safetensors_file,
    ".png": png_texts, ".wav": wav_chunks, ".parquet": parquet_file, ".pt": torch_file, ".bin": torch_file,
    ".md": text_file,
}  # fmt: skip


def mutation_of(name: str) -> Callable[[random.Random, bytes], bytes]:
    """A mutation that fits the ending of a file's name."""
    return SPECIAL.get(f".{name.rsplit('.', 1)[-1].lower()}", damaged)


def hostile(draw: random.Random, name: str, data: bytes) -> bytes:
    """One hostile file in the place of a good one: mostly values that fit its kind, else damage, else another kind."""
    kind = draw.random()
    if kind < 0.08:
        return replaced(draw, data)
    if kind < 0.35 or not data:
        return damaged(draw, data)
    try:
        return mutation_of(name)(draw, data)
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        struct.error,
        zipfile.BadZipFile,
        OSError,
        RecursionError,
        OverflowError,
        AssertionError,
        SyntaxError,
    ):
        return damaged(draw, data)
