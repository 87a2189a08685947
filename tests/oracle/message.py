"""One message to the mapped names and their values, or to the reason why it is none (contract, section 1, "JSON").

Python's own JSON parser is used where it agrees with the contract beyond doubt: it is strict about strings, and
numbers are kept as their characters. Where it does not (escapes, constants, great depth, any error) a slow parser of
our own decides, which skips values under unknown names as the contract says.
"""

import json
import re

NAMES = frozenset(
    "type ts campaign_id ad_id event_id click_id user_id order_id revenue cost currency margin kind "
    "refund_id amount action spend_id from to".split())


class Refused(Exception):
    """The message is refused; the one argument is the reason."""


class Integer(str):
    """A JSON integer, as its characters."""


class Real(str):
    """A JSON number with a fraction or an exponent, as its characters."""


class Pairs(list):
    """A JSON object, as (name, value) in order."""


class Skipped:
    """A value under an unknown name."""


def _no_constant(text):
    raise ValueError(text)


_decoder = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Integer, parse_float=Real, parse_constant=_no_constant)
NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_ANY_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"', re.S)
_SCALAR = re.compile(r'[^ \t\r\n,\[\]{}":\\]+')


# The slow parser

def _string(text, at):
    match = _STRING.match(text, at)
    if not match:
        raise Refused("not_json")
    value = json.loads(match.group(0))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("not_json") from None  # a lone surrogate
    return value, match.end()


def _check_surrogates(value):
    """Refuses a lone surrogate anywhere in a parsed value."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("not_json") from None


def _skip(text, at):
    """Skips one value under an unknown name: strings closed (without bare control bytes), each bracket by its own."""
    closers = []
    while True:
        at = _SPACE.match(text, at).end()
        letter = text[at:at + 1]
        if letter == '"':
            match = _ANY_STRING.match(text, at)
            if not match:
                raise Refused("not_json")
            at = match.end()
        elif letter and letter in "[{":
            closers.append("]" if letter == "[" else "}")
            at += 1
        elif closers and letter == closers[-1]:
            closers.pop()
            at += 1
        elif letter and letter in ",:" and closers:
            at += 1
        else:
            match = _SCALAR.match(text, at)
            if not match:
                raise Refused("not_json")
            at = match.end()
        if not closers:
            return Skipped(), at


def _value(text, at):
    """A value under a name that is read: checked in full."""
    letter = text[at:at + 1]
    if letter == '"':
        return _string(text, at)
    for word, value in (("null", None), ("true", True), ("false", False)):
        if text.startswith(word, at):
            return value, at + len(word)
    if letter and letter in "[{":
        try:
            value, at = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise Refused("not_json") from None
        _check_surrogates(value)
        return value, at
    match = NUMBER.match(text, at)
    if not match:
        raise Refused("not_json")
    kind = Integer if match.group(3) is None and match.group(4) is None else Real
    return kind(match.group(0)), match.end()


def _expect(text, at, letters):
    at = _SPACE.match(text, at).end()
    if not text[at:at + 1] or text[at] not in letters:
        raise Refused("not_json")
    return text[at], at + 1


def _object_slowly(text, known):
    at = _SPACE.match(text).end()
    if text[at:at + 1] != "{":
        try:
            value = _decoder.decode(text)
        except (ValueError, RecursionError):
            raise Refused("not_json") from None
        _check_surrogates(value)
        raise Refused("not_object")
    pairs, at = Pairs(), at + 1
    first = _SPACE.match(text, at).end()
    if text[first:first + 1] == "}":
        at = first + 1
    else:
        letter = ","
        while letter == ",":
            name, at = _string(text, _SPACE.match(text, at).end())
            _, at = _expect(text, at, ":")
            at = _SPACE.match(text, at).end()
            value, at = _value(text, at) if name in known else _skip(text, at)
            pairs.append((name, value))
            letter, at = _expect(text, at, ",}")
    if _SPACE.match(text, at).end() != len(text):
        raise Refused("not_json")
    return pairs


def fields_of(value, sources=None):
    """The mapped names of a message and their values; null equals absent. sources: field → the member that it is read
    from, of those that are not read from the member of their own name."""
    known = NAMES if not sources else frozenset(sources.get(name, name) for name in NAMES)
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not_json") from None
    try:
        pairs = None if "\\u" in text else _decoder.decode(text)
    except (ValueError, RecursionError):
        pairs = None
    if pairs is None:
        pairs = _object_slowly(text, known)
    if type(pairs) is not Pairs:
        raise Refused("not_object")
    fields = {}
    for name, field in pairs:
        if name in known:
            if name in fields:
                raise Refused("repeated_name")
            fields[name] = field
    fields = {name: field for name, field in fields.items() if field is not None}
    if not sources:
        return fields
    return {name: fields[sources.get(name, name)] for name in NAMES if sources.get(name, name) in fields}
