"""The path convertor `{name:index}`: a map index, -1 for an unmapped task."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class IndexConvertor(Convertor[int]):
    regex = "-?[0-9]{1,9}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


# Before any route that uses it is declared.
register_url_convertor("index", IndexConvertor())
