"""Reads a FileDescriptorSet with comments, without any library: the few fields that the generator needs, as plain objects."""

from dataclasses import dataclass, field

# FieldDescriptorProto.Type
DOUBLE, FLOAT, INT32, UINT64, BOOL, STRING, MESSAGE, BYTES, UINT32, ENUM = 1, 2, 5, 4, 8, 9, 11, 12, 13, 14


@dataclass
class Named:
    """A declaration with its comments: those before it and the one behind it."""

    name: str
    full_name: str
    comment: str


@dataclass
class Field(Named):
    number: int
    type: int
    type_name: str  # full name of a message or an enumeration; else empty
    repeated: bool
    oneof: str  # empty: none


@dataclass
class Message(Named):
    fields: list = field(default_factory=list)
    oneofs: list = field(default_factory=list)  # Named, in the order of the file
    messages: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    is_map_entry: bool = False


@dataclass
class Enum(Named):
    values: list = field(default_factory=list)  # (number, Named)


@dataclass
class Method(Named):
    input: str
    output: str
    client_streams: bool
    server_streams: bool


@dataclass
class Service(Named):
    methods: list = field(default_factory=list)


@dataclass
class File(Named):
    messages: list = field(default_factory=list)
    enums: list = field(default_factory=list)
    services: list = field(default_factory=list)


def read_set(data):
    """The files of an encoded FileDescriptorSet."""
    return [_FileReader(_fields(file)).file() for file in _fields(data).get(1, [])]


class _FileReader:
    def __init__(self, raw):
        self.raw = raw
        self.comments = {}  # path of a declaration -> its comments
        for info in raw.get(9, []):
            for location in map(_fields, _fields(info).get(1, [])):
                parts = [part.decode() for number in (3, 4) for part in location.get(number, [])]
                if parts:
                    self.comments[tuple(_packed(location.get(1, [b""])[0]))] = "\n".join(parts)

    def file(self):
        scope = _text(self.raw, 2)
        file = File(_text(self.raw, 1), scope, self.comments.get((2,), ""))
        file.messages = self.each(self.raw, 4, (), scope, self.message)
        file.enums = self.each(self.raw, 5, (), scope, self.enum)
        file.services = self.each(self.raw, 6, (), scope, self.service)
        return file

    def each(self, raw, number, path, scope, read):
        return [read(_fields(item), path + (number, index), scope) for index, item in enumerate(raw.get(number, []))]

    def named(self, raw, path, scope):
        name = _text(raw, 1)
        return name, f"{scope}.{name}", self.comments.get(path, "")

    def message(self, raw, path, scope):
        message = Message(*self.named(raw, path, scope))
        scope = message.full_name
        message.oneofs = self.each(raw, 8, path, scope, lambda *at: Named(*self.named(*at)))
        message.fields = self.each(raw, 2, path, scope, lambda *at: self.field(*at, message.oneofs))
        message.messages = self.each(raw, 3, path, scope, self.message)
        message.enums = self.each(raw, 4, path, scope, self.enum)
        message.is_map_entry = any(_number(_fields(options), 7) for options in raw.get(7, []))
        return message

    def field(self, raw, path, scope, oneofs):
        oneof = oneofs[raw[9][0]].name if 9 in raw else ""
        return Field(
            *self.named(raw, path, scope), _number(raw, 3), _number(raw, 5), _text(raw, 6).lstrip("."), _number(raw, 4) == 3, oneof)

    def enum(self, raw, path, scope):
        enum = Enum(*self.named(raw, path, scope))
        enum.values = self.each(raw, 2, path, scope, lambda raw, *at: (_number(raw, 2), Named(*self.named(raw, *at))))
        return enum

    def service(self, raw, path, scope):
        service = Service(*self.named(raw, path, scope))
        service.methods = self.each(raw, 2, path, service.full_name, self.method)
        return service

    def method(self, raw, path, scope):
        return Method(
            *self.named(raw, path, scope), _text(raw, 2).lstrip("."), _text(raw, 3).lstrip("."), bool(_number(raw, 5)), bool(_number(raw, 6)))


def _fields(data):
    """Number -> contents, in order: bytes of length-delimited fields, integers of varints."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(data, at)
        elif kind == 2:
            length, at = _varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            raise ValueError(f"wire type {kind} in a descriptor")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _packed(data):
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        numbers.append(number)
    return numbers


def _text(raw, number):
    return raw.get(number, [b""])[-1].decode()


def _number(raw, number):
    return raw.get(number, [0])[-1]
