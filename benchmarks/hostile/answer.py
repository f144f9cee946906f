"""What came of one input."""

from dataclasses import dataclass, field


@dataclass
class Answer:
    """How a command or a request ended and what it cost; `broke` names a traceback, `outside` what it touched."""

    code: int | None = None
    broke: str = ""
    said: str = ""
    said_chars: int = 0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    outside: list[str] = field(default_factory=list)
    hangs: bool = False
