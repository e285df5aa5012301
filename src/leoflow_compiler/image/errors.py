"""What stops an image from being built."""

from __future__ import annotations


class ImageError(Exception):
    """One sentence; `hint` says what to do where the sentence does not."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
