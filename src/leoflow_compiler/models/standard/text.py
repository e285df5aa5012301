"""Text: string, re, textwrap, shlex, html, urllib.parse, unicodedata, hashes and encodings of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
import shlex
import string
import textwrap
import unicodedata
import urllib.parse
import uuid

from leoflow_compiler.evaluate.library import Call, Models
from leoflow_compiler.evaluate.values import Value

_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s")


def register(models: Models) -> None:
    models.pure_functions.update((str.maketrans, bytes.maketrans, bytes.fromhex))
    models.pure("string", string.Template, string.capwords)
    models.constants("string", {k: v for k, v in vars(string).items() if isinstance(v, str)})
    models.pure("textwrap", textwrap.dedent, textwrap.indent, textwrap.fill, textwrap.wrap, textwrap.shorten)
    models.pure("shlex", shlex.quote, shlex.join, shlex.split)
    models.pure("html", html.escape, html.unescape)
    models.pure("unicodedata", unicodedata.normalize, unicodedata.category, unicodedata.combining)
    models.pure("re", re.Pattern, re.Match, re.sub, re.subn, re.match, re.search, re.fullmatch, re.findall)
    models.pure("re", re.split, re.compile, re.escape, re.finditer)
    models.values["re.error"] = re.error
    models.constants("re", {k: v for k, v in vars(re).items() if isinstance(v, re.RegexFlag)})
    parse = urllib.parse
    models.pure("urllib.parse", parse.quote, parse.quote_plus, parse.unquote, parse.urlencode, parse.urljoin)
    models.pure("urllib.parse", parse.urlparse, parse.urlsplit, parse.urlunparse, parse.parse_qs)
    models.pure_types.update((parse.ParseResult, parse.SplitResult))
    models.pure("base64", base64.b64encode, base64.b64decode, base64.urlsafe_b64encode)
    models.pure("base64", base64.urlsafe_b64decode, base64.b32encode, base64.b16encode)
    models.pure("binascii", binascii.hexlify, binascii.unhexlify)
    for name in _HASHES:
        function = getattr(hashlib, name)
        models.values[f"hashlib.{name}"] = function
        models.pure_functions.add(function)
        models.pure_types.add(type(function()))
    models.calls["hashlib.new"] = _new_hash
    models.pure("uuid", uuid.UUID, uuid.uuid5, uuid.uuid3)
    models.constants("uuid", {k: v for k, v in vars(uuid).items() if k.startswith("NAMESPACE_")})


def _new_hash(call: Call) -> Value:
    """Only of the algorithms that every Python has."""
    name = call.args[0] if call.args else call.kwargs.get("name")
    if not isinstance(name, str) or name.lower() not in _HASHES:
        return call.interpreter.opaque("which hash this is depends on where the code runs", call.place)
    return call.interpreter.native(call.place, getattr(hashlib, name.lower()), *call.args[1:])
