#!/usr/bin/env python3
"""Writes the file `copyright` of the packages: copyright.py CHECKOUTS

CHECKOUTS: the folder of the packages that the programs link, as SwiftPM keeps them. Each is named with its notice and its licence; the text
of Apache 2.0 is that of every Debian. What neither says stands in licences.txt beside this program.
"""
import pathlib
import sys

APACHE = "Apache License, version 2.0: /usr/share/common-licenses/Apache-2.0"
EXCEPTION = """As an exception, if you use this Software to compile your source code and
portions of this Software are embedded into the binary product as a result,
you may redistribute such product without providing attribution as would
otherwise be required by Sections 4(a), 4(b) and 4(d) of the License."""


def licence(text):
    if "Apache License" not in text:
        return text.strip()
    return f"{APACHE}\nwith this addition:\n\n{EXCEPTION}" if "Runtime Library Exception" in text else APACHE


def part(name, *texts):
    return f"{'=' * 79}\n{name}\n{'=' * 79}\n\n" + "\n\n".join(texts) + "\n"


def linked(folder):
    notices = [file.read_text().strip("\n") for file in sorted(folder.glob("NOTICE*"))]
    licences = [licence(file.read_text()) for file in sorted(folder.glob("LICENSE*"))]
    if not licences:
        sys.exit(f"copyright.py: {folder} has no licence")
    return part(folder.name, *licences, *notices)


def main():
    checkouts = sorted((folder for folder in pathlib.Path(sys.argv[1]).iterdir() if folder.is_dir()), key=lambda folder: folder.name.lower())
    print(part("glm", "Copyright: the authors of glm", APACHE))
    print("The programs and libraries in /usr/lib/glm contain, or were made with, the following.\n")
    print(part("Swift's runtime libraries and Foundation", "Copyright: Apple Inc. and the Swift project authors", f"{APACHE}\nwith this addition:\n\n{EXCEPTION}"))
    for folder in checkouts:
        print(linked(folder))
    print((pathlib.Path(__file__).parent / "licences.txt").read_text(), end="")


main()
