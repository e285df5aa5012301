"""The nearest known word to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None when nothing is close."""
    from difflib import get_close_matches  # late: most commands have nothing to suggest

    candidates = sorted(set(known) - {word})
    folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    # In short words a slip changes much, but seldom the first letter: `tsak`, and not `open` for `nope`.
    alike = [candidate for candidate in candidates if candidate[:1] == word[:1]]
    matches = get_close_matches(word, candidates, n=1, cutoff=0.76) or get_close_matches(
        word, alike, n=1, cutoff=0.66
    )
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str], *, most: int = 12) -> str | None:
    """A help line with the nearest known word, else with the known words, `most` at most, else None."""
    names = sorted(set(known))
    match = nearest(word, names)
    if match is not None:
        return f"did you mean `{match}`?"
    if 0 < len(names) <= most:
        return "known here: " + ", ".join(f"`{name}`" for name in names)
    return None
