__all__ = ["SUFFIX", "NAMES"]
SUFFIX = "suf"
NAMES = ("a", "b")
HIDDEN = 1
_x = 2
