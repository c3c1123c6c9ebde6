"""All files of the contract as one index, with what Swift calls each declaration."""

from dataclasses import dataclass

import names
from notes import Notes


@dataclass
class Declared:
    """A message or an enumeration, and what Swift calls it."""

    declaration: object
    notes: Notes
    swift: str
    access: str

    @property
    def is_domain(self):
        return "domain" in self.notes


class Contract:
    def __init__(self, files):
        self.files = files
        self.index = {}
        for file in self.files:
            access = access_of(file)
            for message in file.messages:
                self._declare(message, names_in=message.name, access=access)
                for enum in message.enums:
                    self._declare(enum, names_in=f"{message.name}.{enum.name}", access=access)
                for nested in message.messages:
                    if not nested.is_map_entry:
                        raise SystemExit(f"{nested.full_name}: messages inside messages are not supported, except a map's")
                    self._declare(nested, names_in=message.name + nested.name, access="")
            for enum in file.enums:
                self._declare(enum, names_in=enum.name, access=access)

    def _declare(self, declaration, names_in, access):
        notes = Notes(declaration)
        self.index[declaration.full_name] = Declared(declaration, notes, notes.get("domain") or names_in, access)

    def __getitem__(self, full_name):
        return self.index[full_name]

    def shows_domain(self, declared):
        """Whether a client of a method with this message has a type of Domain in its signatures."""
        last = [field for field in declared.declaration.fields if "last" in Notes(field)]
        return declared.is_domain or any(self[field.type_name].is_domain for field in last)

    def uses_domain(self, declarations):
        """Whether Swift types of the module Domain show in these messages and enumerations."""
        for declaration in declarations:
            notes = Notes(declaration)
            fields = getattr(declaration, "fields", [])
            inner = getattr(declaration, "messages", [])
            if "domain" in notes or self.uses_domain(inner):
                return True
            if any((field.type_name and self[field.type_name].is_domain) for field in fields):
                return True
        return False


def access_of(file):
    return "package" if "package" in Notes(file) else "public"


def doc(text, indent=""):
    """A comment as a Swift docstring: a sentence, in lines of at most 140 characters."""
    if not text:
        return []
    text = text[:1].upper() + text[1:]
    if text[-1] not in ".!?:":
        text += "."
    lines, line = [], ""
    for word in text.split():
        if line and len(indent) + len(line) + len(word) + 5 > 140:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [f"{indent}/// {line}" for line in lines + [line]]
