"""How launches start: a small protocol and what implements it."""
