"""The notes in the comments of the .proto files: words that begin with @, for what proto3 itself has no word for.

On a file (before its `package`):
    @package                    its Swift types are `package`, not `public`
On a message or an enumeration:
    @domain                     the Swift type is the one of this name in the module Domain; only its coder is generated
    @domain NAME                the same, with another name
    @checked                    with @domain: the initializer throws RequestError for values that it refuses
    @inline PROPERTY NAME       the fields that message NAME has too, by name, are one Swift property, of the type that NAME has
On an enumeration:
    @closed                     a number without a name is refused; otherwise it reads as the value 0
    @zero VALUE                 0 reads as VALUE, and 0 itself has no case
    @nonzero                    with @closed: 0 is refused as numbers without a name are
On a field:
    @required                   a message that has to be set
    @empty                      a message that reads as an empty one when it is not set
    @optional                   a number or an enumeration where 0 means: not set
    @unsigned                   a uint64 that uses all its bits, UInt64 in Swift; other numbers are counts, Int in Swift
    @zero N                     a number where 0 reads as N
    @type NAME                  the Swift type of a message, where another one than the message's own reads the same encoding; also on a
                                message with @inline, for the type of the property: it has an `init(decoding:)` from the message's own
On a member of a oneof:
    @last                       the event that ends a stream, which the client then returns
On a method:
    @access everybody           whoever can connect may call it, without a key
    @access SCOPE               where there are keys, it takes one with this scope: images, chat, fleet:read or fleet:write; where there are
                                none, only callers on the Unix socket may call what is fleet:read or fleet:write, unless the server was
                                started with --admin. Each method says one of both
    @request_limit SIZE         largest encoded request, as 64KiB or 4MiB; otherwise 64KiB
    @response_limit SIZE        largest encoded response, of each one in a stream; otherwise 1MiB
"""

import re

KNOWN = {
    "package": 0, "domain": 1, "checked": 0, "inline": 2, "closed": 0, "nonzero": 0, "zero": 1, "required": 0, "empty": 0, "optional": 0, "unsigned": 0,
    "type": 1, "last": 0, "access": 1, "request_limit": 1, "response_limit": 1,
}
UNITS = {"KiB": 10, "MiB": 20}
OPTIONAL_WORD = {"domain"}


class Notes(dict):
    """The notes of one declaration: name -> argument ("" where there is none); `text` is the comment without them."""

    def __init__(self, declaration):
        super().__init__()
        words = []
        for line in declaration.comment.split("\n"):
            words += self._read(line.split(), declaration.full_name)
        self.text = " ".join(words)

    def _read(self, words, place):
        rest, index = [], 0
        while index < len(words):
            name = words[index][1:].rstrip(".,;")
            index += 1
            if not words[index - 1].startswith("@"):
                rest.append(words[index - 1])
                continue
            if name not in KNOWN:
                raise SystemExit(f"{place}: @{name} is not a known note; see proto/generator/notes.py")
            behind = []
            while len(behind) < KNOWN[name] and index < len(words) and not words[index].startswith("@"):
                behind.append(words[index])
                index += 1
            if len(behind) < KNOWN[name] and name not in OPTIONAL_WORD:
                raise SystemExit(f"{place}: @{name} wants {KNOWN[name]} word(s) behind it")
            self[name] = " ".join(behind)
        return rest


def size(text, place):
    """`4MiB` as the Swift expression `4 << 20`."""
    match = re.fullmatch(r"(\d+)(KiB|MiB)", text)
    if not match:
        raise SystemExit(f"{place}: {text} is not a size such as 64KiB or 4MiB")
    return f"{match[1]} << {UNITS[match[2]]}"
