"""Swift value types and coders of messages."""

import descriptors as d
import names
from contract import doc
from enums import enum_lines
from fields import FieldCode
from notes import Notes


def message_lines(contract, message):
    """Lines of one message: its type (unless Domain has it) and its coder."""
    code = MessageCode(contract, message)
    lines = [] if code.declared.is_domain else code.type_lines() + [""]
    return lines + code.coder_lines()


class OneofCode:
    """A oneof of several members: an enumeration with payloads."""

    def __init__(self, contract, message, oneof):
        self.name, self.c_name = names.swift_member(oneof.name), oneof.name
        self.notes = Notes(oneof)
        self.swift = names.swift_type(oneof.name)
        self.message = message
        self.members = [FieldCode(contract, field) for field in message.fields if field.oneof == oneof.name]

    def cases(self, indent):
        lines = []
        for member in self.members:
            lines += doc(member.notes.text, indent) + [f"{indent}case {member.name}({member.base})"]
        return lines

    def constant(self, member):
        return names.c_oneof_case(self.message.full_name, self.c_name, member.field.name)

    def fill_cases(self):
        lines = []
        for member in self.members:
            lines += [
                f"case .{member.name}(let value):", f"    c.{self.c_name}_case = {self.constant(member)}",
                f"    c.{member.c} = {member.written('value')}",
            ]
        return lines

    def read_cases(self, assign):
        return [f"case {self.constant(m)}: {assign} .{m.name}({m.read_scalar()})" for m in self.members]


class InlineCode:
    """The fields of a message that another message has too: one property, of that message's Swift type."""

    def __init__(self, contract, message, notes):
        self.name, inlined = notes["inline"].split()
        declared = contract[f"{message.full_name.rsplit('.', 1)[0]}.{inlined}"]
        self.notes, self.own_type = declared.notes, declared.swift
        self.swift_type = notes.get("type") or self.own_type
        self.default = f"{self.own_type}()" if self.swift_type == self.own_type else ""
        fields = {field.name: field for field in message.fields}
        self.members = []
        for wanted in declared.declaration.fields:
            field = fields.get(wanted.name)
            if field is None or (field.type, field.type_name, field.repeated) != (wanted.type, wanted.type_name, wanted.repeated):
                raise SystemExit(f"{message.full_name} has no field {wanted.name} of the type that it has in {inlined}")
            self.members.append(FieldCode(contract, field, alone_in_oneof=field.oneof, owner=self.name + "."))

    def holds(self, field):
        return any(member.field is field for member in self.members)

    def fill(self):
        return [line for member in self.members for line in member.fill()]

    def read(self):
        own = f"{self.own_type}({', '.join(f'{member.name}: {member.read()}' for member in self.members)})"
        return own if self.swift_type == self.own_type else f"try {self.swift_type}(decoding: {own})"


class MessageCode:
    def __init__(self, contract, message):
        self.message, self.contract = message, contract
        self.declared = contract[message.full_name]
        self.swift, self.access = self.declared.swift, self.declared.access
        self.c = names.c_type(message.full_name)
        self.parts = list(self._in_order())  # FieldCode, OneofCode and InlineCode, in the order of the file
        only = self.parts[0] if len(self.parts) == 1 else None
        self.event = only if isinstance(only, OneofCode) else None

    def _in_order(self):
        seen, sizes = set(), {}
        for field in self.message.fields:
            sizes[field.oneof] = sizes.get(field.oneof, 0) + 1
        oneofs = {oneof.name: oneof for oneof in self.message.oneofs}
        inline = InlineCode(self.contract, self.message, self.declared.notes) if "inline" in self.declared.notes else None
        for field in self.message.fields:
            if inline and inline.holds(field):
                if inline not in seen:
                    seen.add(inline)
                    yield inline
            elif not field.oneof:
                code = FieldCode(self.contract, field)
                if self.message.is_map_entry and code.field.type == d.MESSAGE:
                    code.notes["empty"] = ""  # as protobuf has it: a key without a value has an empty one
                yield code
            elif sizes[field.oneof] == 1:
                yield FieldCode(self.contract, field, alone_in_oneof=field.oneof)
            elif field.oneof not in seen:
                seen.add(field.oneof)
                yield OneofCode(self.contract, self.message, oneofs[field.oneof])

    # The type.

    def type_lines(self):
        access = self.access + " " if self.access else ""
        lines = doc(self.declared.notes.text)
        if self.event:
            return lines + [f"{access}enum {self.swift}: Sendable, Hashable {{"] + self.event.cases("    ") + ["}"]
        lines.append(f"{access}struct {self.swift}: Sendable, Hashable {{")
        for enum in self.message.enums:
            lines += ["    " + line if line else "" for line in enum_lines(self.contract, enum, coder=False)] + [""]
        for part in self.parts:
            if isinstance(part, OneofCode):
                lines += doc(part.notes.text, "    ") + [f"    {access}enum {part.swift}: Sendable, Hashable {{"] + part.cases("        ")
                lines += ["    }", ""]
        for part in self.parts:
            lines += doc(part.notes.text, "    ") + [f"    {access}var {part.name}: {self.type_of(part)}"]
        if self.parts:
            lines.append("")
        return lines + self.initializer(access) + ["}"]

    @staticmethod
    def type_of(part):
        if isinstance(part, OneofCode):
            return part.swift + ("" if "required" in part.notes else "?")
        return part.swift_type

    def initializer(self, access):
        if not self.parts:
            return [f"    {access}init() {{}}"]
        parameters = []
        for part in self.parts:
            default = ("" if "required" in part.notes else "nil") if isinstance(part, OneofCode) else part.default
            parameters.append(f"{part.name}: {self.type_of(part)}" + (f" = {default}" if default else ""))
        assignments = [f"        self.{part.name} = {part.name}" for part in self.parts]
        return [f"    {access}init({', '.join(parameters)}) {{"] + assignments + ["    }"]

    # The coder.

    def coder_lines(self):
        lines = [
            f"extension {self.swift}: CodedMessage {{",
            f"    static func initialize(_ c: UnsafeMutablePointer<{self.c}>) {{ {names.c_prefix(self.message.full_name)}__init(c) }}", "",
        ]
        fill = self.fill_lines()
        head = f"    func fill(_ c: inout {self.c}, _ arena: Arena) throws(WireError) {{"
        lines += [head] + ["        " + line for line in fill] + ["    }"] if fill else [head + "}"]
        return lines + [""] + self.read_lines() + ["}"]

    def fill_lines(self):
        if self.event:
            return ["switch self {"] + self.event.fill_cases() + ["}"]
        lines = []
        for part in self.parts:
            if isinstance(part, OneofCode):
                unset = [] if "required" in part.notes else ["case nil: break"]
                lines += [f"switch {part.name} {{"] + part.fill_cases() + unset + ["}"]
            else:
                lines += part.fill()
        return lines

    def read_lines(self):
        head = f"    init(_ c: {self.c}) throws(WireError) {{"
        if self.event:
            cases = self.event.read_cases("self =") + [self.unset(self.event)]
            return [head, f"        switch c.{self.event.c_name}_case {{"] + ["        " + line for line in cases] + ["        }", "    }"]
        if not self.parts:
            return [head, "        self.init()", "    }"]
        lines, arguments = [], []
        for part in self.parts:
            if isinstance(part, OneofCode):
                lines += [f"        let {part.name}: {self.type_of(part)}", f"        switch c.{part.c_name}_case {{"]
                default = self.unset(part) if "required" in part.notes else f"default: {part.name} = nil"
                lines += ["        " + line for line in part.read_cases(f"{part.name} =") + [default]] + ["        }"]
                arguments.append(f"{part.name}: {part.name}")
            else:
                arguments.append(f"{part.name}: {part.read()}")
        if "checked" not in self.declared.notes:
            return [head] + lines + [f"        self.init({', '.join(arguments)})", "    }"]
        # Reading and checking throw different errors.
        for part in self.parts:
            lines.append(f"        let {part.name}: {part.swift_type} = {part.read()}")
        names_only = ", ".join(f"{part.name}: {part.name}" for part in self.parts)
        return [head] + lines + [f"        do {{ try self.init({names_only}) }} catch {{ throw WireError(error) }}", "    }"]

    @staticmethod
    def unset(oneof):
        return f'default: throw WireError(.malformed, "\\(Self.name): {oneof.c_name} is not set")'
