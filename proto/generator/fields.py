"""How one field is spelled: its Swift type, its default, and the expressions that write it to C and read it back."""

import descriptors as d
import names
from notes import Notes

INTEGERS = {d.UINT32: "UInt32", d.UINT64: "UInt64"}
PLAIN = {d.INT32: "Int32", d.FLOAT: "Float", d.DOUBLE: "Double"}


class FieldCode:
    """A field outside of a oneof with several members, or one member of such a oneof."""

    def __init__(self, contract, field, alone_in_oneof="", owner=""):
        self.field, self.contract = field, contract
        self.notes = Notes(field)
        self.name = names.swift_member(field.name)
        self.value = owner + self.name  # the value is a member of what the owner, `parameters.`, names; without one of the message itself
        self.c = field.name
        self.oneof = alone_in_oneof  # a oneof of one member: a number that may be missing
        self.declared = contract[field.type_name] if field.type_name else None
        self.is_map = field.type == d.MESSAGE and getattr(self.declared.declaration, "is_map_entry", False)
        self.base = self._base()
        if field.repeated and field.type not in (d.STRING, d.BYTES, d.INT32, d.UINT32, d.MESSAGE):
            raise SystemExit(f"{field.full_name}: lists of this type are not supported; add them to fields.py and to Arena")

    def _base(self):
        kind = self.field.type
        if kind in INTEGERS:
            return "UInt64" if "unsigned" in self.notes else "Int"
        if kind in (d.MESSAGE, d.ENUM):
            return self.notes.get("type") or self.declared.swift
        swift = PLAIN | {d.BOOL: "Bool", d.STRING: "String", d.BYTES: "[UInt8]"}
        if kind not in swift:
            raise SystemExit(f"{self.field.full_name}: fields of this type are not supported; add them to fields.py")
        return swift[kind]

    @property
    def optional(self):
        if self.field.repeated:
            return False
        if self.field.type == d.MESSAGE:
            return not ("required" in self.notes or "empty" in self.notes)
        return bool(self.oneof) or "optional" in self.notes

    @property
    def swift_type(self):
        if self.is_map:
            key, value = (FieldCode(self.contract, field) for field in self.declared.declaration.fields)
            return f"[{key.base}: {value.base}]"
        if self.field.repeated:
            return f"[{self.base}]"
        return self.base + ("?" if self.optional else "")

    @property
    def default(self):
        """The Swift default in the initializer: protobuf's own; empty for a required message."""
        if self.is_map:
            return "[:]"
        if self.field.repeated:
            return "[]"
        if self.optional:
            return "nil"
        kind = self.field.type
        if kind == d.ENUM:
            return "" if "nonzero" in self.declared.notes else "." + enum_default(self.declared)
        if kind == d.MESSAGE:
            return "" if "required" in self.notes else f"{self.base}()"
        if "zero" in self.notes:
            return self.notes["zero"]
        return {d.BOOL: "false", d.STRING: '""', d.BYTES: "[]"}.get(kind, "0")

    def fill(self):
        """Statements that write the value to the C struct `c`."""
        if self.field.repeated:
            return [f"c.n_{self.c} = {self.value}.count", f"c.{self.c} = {self._written_list()}"]
        if not self.optional:
            return [f"c.{self.c} = {self.written(self.value)}"]
        if self.field.type == d.MESSAGE:
            return [f"c.{self.c} = try arena.message(ifSet: {self.value})"]
        bound = self.name if self.name == self.value else f"{self.name} = {self.value}"
        assign = f"c.{self.c} = {self.written(self.name)}"
        if not self.oneof:
            return [f"if let {bound} {{ {assign} }}"]
        case = names.c_oneof_case(self.field.full_name.rsplit(".", 1)[0], self.oneof, self.field.name)
        return [f"if let {bound} {{", f"    c.{self.oneof}_case = {case}", f"    {assign}", "}"]

    def written(self, value):
        """One value as its C field takes it."""
        kind, label = self.field.type, f'"{self.field.name}"'
        if kind == d.STRING:
            return f"try arena.text({value}, {label})"
        if kind == d.BYTES:
            return f"arena.bytes({value})"
        if kind == d.BOOL:
            return f"{value} ? 1 : 0"
        if kind == d.ENUM:
            return f"{value}.c"
        if kind == d.MESSAGE:
            return f"try arena.message({value})"
        if kind in INTEGERS and self.base == "Int":
            return f"try {INTEGERS[kind]}(wire: {value}, {label})"
        return value

    def _written_list(self):
        if self.is_map:
            return f"try arena.messages({self.value}.sorted {{ $0.key < $1.key }}.map {{ {self.declared.swift}(key: $0.key, value: $0.value) }})"
        return {
            d.STRING: f'try arena.texts({self.value}, "{self.field.name}")', d.BYTES: f"arena.bytes({self.value})",
            d.INT32: f"arena.numbers({self.value})", d.UINT32: f'try arena.counts({self.value}, "{self.field.name}")',
            d.MESSAGE: f"try arena.messages({self.value})",
        }[self.field.type]

    def read(self):
        """The expression that reads the value from the C struct `c`."""
        label = f'"{self.field.name}"'
        if self.is_map:
            pairs = f"try Decode.messages(c.n_{self.c}, c.{self.c}, {label}).map {{ (entry: {self.declared.swift}) in (entry.key, entry.value) }}"
            return f"Dictionary({pairs}, uniquingKeysWith: {{ $1 }})"
        if self.field.repeated:
            function = {d.STRING: "texts", d.BYTES: "bytes", d.INT32: "numbers", d.UINT32: "counts", d.MESSAGE: "messages"}[self.field.type]
            named = self.field.type in (d.STRING, d.MESSAGE)
            return ("try " if named else "") + f"Decode.{function}(c.n_{self.c}, c.{self.c}" + (f", {label})" if named else ")")
        if self.field.type == d.MESSAGE:
            function = "required" if "required" in self.notes else "orEmpty" if "empty" in self.notes else "ifSet"
            return f"try Decode.{function}(c.{self.c}, {label})"
        if self.oneof:
            return f"c.{self.oneof}_case.rawValue == 0 ? nil : {self.read_scalar()}"
        if "optional" in self.notes:
            raw = f"c.{self.c}.rawValue" if self.field.type == d.ENUM else f"c.{self.c}"
            return f"{raw} == 0 ? nil : {self.read_scalar()}"
        if "zero" in self.notes:
            return f"c.{self.c} == 0 ? {self.notes['zero']} : {self.read_scalar()}"
        return self.read_scalar()

    def read_scalar(self):
        """The same for a value that is set, and not a list."""
        kind, label = self.field.type, f'"{self.field.name}"'
        if kind == d.MESSAGE:
            return f"try Decode.required(c.{self.c}, {label})"
        if kind == d.ENUM:
            return f"try {self.base}(c.{self.c}, {label})" if "closed" in self.declared.notes else f"{self.base}(c.{self.c})"
        if kind == d.UINT64 and self.base == "Int":
            return f"try Decode.count(c.{self.c}, {label})"
        return {
            d.STRING: f"try Decode.text(c.{self.c}, {label})", d.BYTES: f"Decode.bytes(c.{self.c})", d.BOOL: f"c.{self.c} != 0",
            d.UINT32: f"Int(c.{self.c})",
        }.get(kind, f"c.{self.c}")


def enum_default(declared):
    """The case that the number 0 reads as."""
    enum = declared.declaration
    zero = declared.notes.get("zero")
    for number, value in enum.values:
        name = names.swift_case(enum.name, value.name)
        if (zero is None and number == 0) or name == (zero or "").lower():
            return name
    raise SystemExit(f"{enum.full_name}: no value for 0")
