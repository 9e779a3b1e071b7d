"""Protobuf's text form, as `config.pbtxt` is written in, read into dictionaries and lists."""

import re

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<mark>[{}\[\]:,;<>])|(?P<word>[^\s{}\[\]:,;<>"'#]+)""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_DEPTH_MAX = 64


def parse(text):
    """The message as a dictionary; a field that comes several times is a list."""
    tokens = _tokens(text)
    message, place = _message(tokens, 0, None, 0)
    if place < len(tokens):
        raise ValueError("unexpected %s" % tokens[place][1])
    return message


def _tokens(text):
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError("unexpected %r" % text[place])
        place = match.end()
        if match.lastgroup:
            found.append((match.lastgroup, match.group(match.lastgroup)))
    return found


def _message(tokens, place, end, depth):
    if depth > _DEPTH_MAX:
        raise ValueError("too deep")
    message = {}
    while place < len(tokens) and tokens[place][1] != end:
        kind, name = tokens[place]
        if kind == "mark" and name in ",;":
            place += 1
            continue
        if kind != "word":
            raise ValueError("expected the name of a field, got %s" % name)
        value, place = _value(tokens, place + 1, depth)
        if name in message:
            both = [message[name], value]
            message[name] = sum((each if isinstance(each, list) else [each] for each in both), [])
        else:
            message[name] = value
    if end is not None and place >= len(tokens):
        raise ValueError("%s is missing at the end" % end)
    return message, place


def _value(tokens, place, depth):
    if place < len(tokens) and tokens[place][1] == ":":
        place += 1
    if place >= len(tokens):
        raise ValueError("a value is missing at the end")
    kind, token = tokens[place]
    if token in ("{", "<") and kind == "mark":
        message, place = _message(tokens, place + 1, "}" if token == "{" else ">", depth + 1)
        return message, place + 1
    if token == "[" and kind == "mark":
        return _list(tokens, place + 1, depth + 1)
    if kind == "text":
        text = ""
        while place < len(tokens) and tokens[place][0] == "text":  # Texts that follow each other are one.
            text += re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), tokens[place][1][1:-1])
            place += 1
        return text, place
    if kind == "mark":
        raise ValueError("expected a value, got %s" % token)
    return _word(token), place + 1


def _list(tokens, place, depth):
    found = []
    while place < len(tokens) and tokens[place] != ("mark", "]"):
        if tokens[place] == ("mark", ","):
            place += 1
            continue
        value, place = _value(tokens, place, depth)
        found.append(value)
    if place >= len(tokens):
        raise ValueError("] is missing at the end")
    return found, place + 1


def _word(token):
    if token in ("true", "false"):
        return token == "true"
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            pass
    return token
