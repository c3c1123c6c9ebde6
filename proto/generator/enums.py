"""Swift enumerations and their coders."""

import names
from contract import doc
from fields import enum_default


def enum_lines(contract, enum, coder=True):
    """Lines of one enumeration: its type (unless Domain has it) and, for one that is not nested, its coder."""
    declared = contract[enum.full_name]
    lines = [] if declared.is_domain else _type_lines(declared)
    if not coder:
        return lines
    return lines + ([""] if lines else []) + coder_lines(declared)


def _cases(declared):
    """(number, C constant, Swift case, value), without a 0 that has no case."""
    enum, notes = declared.declaration, declared.notes
    return [
        (number, names.c_enum_value(enum.full_name, value.name), names.swift_case(enum.name, value.name), value)
        for number, value in enum.values if number or not ("zero" in notes or "nonzero" in notes)
    ]


def _type_lines(declared):
    closed = "closed" in declared.notes
    raw = "" if closed else "UInt32, "
    lines = doc(declared.notes.text) + [f"{declared.access} enum {declared.declaration.name}: {raw}Sendable, Hashable, CaseIterable {{"]
    for number, _, case, value in _cases(declared):
        lines += doc(value.comment.strip(), "    ") + [f"    case {case}" + ("" if closed else f" = {number}")]
    return lines + ["}"]


def coder_lines(declared):
    """Reading and writing; a closed enumeration refuses numbers without a name."""
    c = names.c_type(declared.declaration.full_name)
    if "closed" not in declared.notes:
        return [
            f"extension {declared.swift} {{",
            f"    init(_ c: {c}) {{ self = Self(rawValue: c.rawValue) ?? .{enum_default(declared)} }}", "",
            f"    var c: {c} {{ {c}(rawValue: rawValue) }}", "}",
        ]
    cases, default = _cases(declared), None if "nonzero" in declared.notes else enum_default(declared)
    known = ", ".join(f"{number} is {constant.rsplit('_', 1)[-1]}" for number, constant, _, _ in cases)
    lines = [f"extension {declared.swift} {{", f"    init(_ c: {c}, _ field: String) throws(WireError) {{", "        switch c.rawValue {"]
    for number, _, case, _ in cases:
        numbers = f"0, {number}" if "zero" in declared.notes and case == default else str(number)
        lines.append(f"        case {numbers}: self = .{case}")
    lines += [
        f'        default: throw WireError(.outOfRange, "\\(field) is \\(c.rawValue); {known}")', "        }", "    }", "",
        f"    var c: {c} {{", "        switch self {",
    ]
    return lines + [f"        case .{case}: {constant}" for _, constant, case, _ in cases] + ["        }", "    }", "}"]
