"""Raw task output to the NDJSON lines that the UI reads. Pure: bytes in, bytes out.

A line that starts with 0x1e is a record made by the child's own logging; anything else is raw output of a
process under it. What has no newline yet is held back until it has, or grows beyond `LINE_LIMIT`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any

LINE_LIMIT = 64 * 1024
RECORD_LIMIT = 4 * 1024 * 1024
_MARK = b"\x1e"
_MASK = "***"


def utc_now() -> str:
    """The current time as RFC 3339 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Masker:
    """Replaces secret values. Values of four characters or fewer are not masked: they occur everywhere."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._values: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """More values, for what is masked from now on."""
        parts = {part for secret in secrets for part in (secret, *secret.splitlines()) if len(part) > 4}
        self._values |= parts
        ordered = sorted(self._values, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._bytes = re.compile(b"|".join(re.escape(v.encode()) for v in ordered)) if ordered else None
        self.longest = max((len(value.encode()) for value in ordered), default=0)

    def text(self, text: str) -> str:
        return self._text.sub(_MASK, text) if self._text else text

    def raw(self, data: bytes) -> bytes:
        return self._bytes.sub(_MASK.encode(), data) if self._bytes else data

    def value(self, value: Any) -> Any:
        """Masks every string in a JSON value, keys of objects included."""
        if self._text is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return value

    def safe_cut(self, data: bytes, cut: int) -> int:
        """The last place at or before `cut` that divides no secret, whole or still arriving."""
        cut = min(cut, len(data) - max(self.longest - 1, 0))
        if self._bytes:
            for match in self._bytes.finditer(data):
                if match.start() < cut < match.end():
                    cut = match.start()
        return cut


class LineConverter:
    """Turns a stream of raw output into NDJSON, in any division into chunks."""

    def __init__(self, masker: Masker, clock: Callable[[], str] = utc_now) -> None:
        self._masker = masker
        self._clock = clock
        self._held = b""
        # All lines of one look at the output carry the time of that look.
        self._now = ""

    @property
    def held(self) -> int:
        """How many raw bytes were fed and are not in any line yet."""
        return len(self._held)

    def feed(self, data: bytes) -> bytes:
        """The lines that `data` completes."""
        *lines, self._held = (self._held + data).split(b"\n")
        self._now = self._clock()
        out = [text for line in lines for text in self._line(line)]
        out.extend(self._overflow())
        return b"".join(out)

    def finish(self) -> bytes:
        """What is left, as if it ended in a newline."""
        rest, self._held = self._held, b""
        self._now = self._clock()
        return b"".join(self._line(rest)) if rest else b""

    def _overflow(self) -> Iterator[bytes]:
        limit = RECORD_LIMIT if self._held.startswith(_MARK) else LINE_LIMIT
        while len(self._held) > limit + self._masker.longest:
            cut = _character_start(self._held, self._masker.safe_cut(self._held, LINE_LIMIT))
            if cut <= 0:  # one secret longer than a line: it goes out masked when it is whole
                return
            piece, self._held = self._held[:cut], self._held[cut:]
            yield from self._raw(piece)

    def _line(self, line: bytes) -> Iterator[bytes]:
        mark = line.find(_MARK + b"{")
        if mark < 0:
            yield from self._raw(line)
            return
        if mark > 0:  # a process left its line open and the child's logging went on behind it
            yield from self._raw(line[:mark])
        yield from self._record(line[mark + 1 :])

    def _raw(self, line: bytes) -> Iterator[bytes]:
        text = self._masker.raw(line).decode("utf-8", "replace").rstrip("\r")
        for start in range(0, len(text), LINE_LIMIT) or (0,):
            event = encode_basestring(text[start : start + LINE_LIMIT])
            fields = f'"timestamp":"{self._now}","event":{event},"level":"info","logger":"task.stdout"'
            yield b"{" + fields.encode() + b"}\n"

    def _record(self, line: bytes) -> Iterator[bytes]:
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("event"), str):
            yield from self._raw(line)
            return
        record.setdefault("timestamp", self._now)
        yield from self._events(self._masker.value(record))

    def _events(self, record: dict[str, Any]) -> Iterator[bytes]:
        text = record["event"]
        yield encode_line({**record, "event": text[:LINE_LIMIT]})
        for start in range(LINE_LIMIT, len(text), LINE_LIMIT):
            rest: dict[str, Any] = {
                name: record[name] for name in ("timestamp", "level", "logger") if name in record
            }
            yield encode_line({**rest, "event": text[start : start + LINE_LIMIT]})


def encode_line(record: dict[str, Any]) -> bytes:
    """One NDJSON line."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def own_line(text: str, *, level: str = "info", clock: Callable[[], str] = utc_now) -> bytes:
    """A line in the agent's own name."""
    return encode_line({"timestamp": clock(), "event": text, "level": level, "logger": "leoflow.agent"})


def _character_start(data: bytes, cut: int) -> int:
    """Moves `cut` back to the start of a UTF-8 character, if it lies within one."""
    for back in range(4):
        if cut - back <= 0 or data[cut - back] & 0xC0 != 0x80:
            return cut - back
    return cut
