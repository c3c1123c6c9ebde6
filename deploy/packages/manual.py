#!/usr/bin/env python3
"""Writes a program's manual page: PROGRAM --experimental-dump-help | manual.py VERSION

The page has what the program says by --help: each command with its arguments. SOURCE_DATE_EPOCH gives its date.
"""
import datetime
import json
import os
import sys


def text(words):
    """Words as the formatter is to print them: it gives backslashes, leading dots and quotes, and plain hyphens a meaning."""
    lines = words.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def name(argument, bold=True):
    """`--seed`, `-o, --output`"""
    dashes = {"long": "--", "short": "-", "longWithSingleDash": "-"}
    names = [dashes[entry["kind"]] + entry["name"] for entry in argument["names"]]
    names.sort(key=len)
    return ", ".join(f"\\fB{text(each)}\\fR" if bold else text(each) for each in names)


def value(argument):
    return f"\\fI{text(argument.get('valueName', 'value'))}\\fR"


def usage(command, path):
    words = [f"\\fB{text(' '.join(path))}\\fR"]
    if command.get("subcommands"):
        words.append("\\fIcommand\\fR")
    elif any(argument["kind"] != "positional" for argument in arguments(command)):
        words.append("[\\fIoptions\\fR]")
    for argument in arguments(command):
        if argument["kind"] == "positional":
            word = value(argument) + ("..." if argument["isRepeating"] else "")
            words.append(f"[{word}]" if argument["isOptional"] else word)
    return " ".join(words)


def arguments(command):
    """Those that --help shows; --version and --help are everywhere, so they are left out."""
    shown = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    return [argument for argument in shown if not {"help", "version"} & {entry["name"] for entry in argument.get("names", [])}]


def commands(command):
    return [sub for sub in command.get("subcommands", []) if sub["commandName"] != "help" and sub.get("shouldDisplay", True)]


def explanation(argument):
    words = [argument.get("abstract", ""), argument.get("discussion", "")]
    if values := argument.get("allValues"):
        words.append("One of: " + ", ".join(values) + ".")
    if argument["kind"] != "flag" and (default := argument.get("defaultValue")):
        words.append(f"Default: {default}.")
    return "\n".join(text(each) for each in words if each)


def items(command):
    for argument in arguments(command):
        if argument["kind"] == "positional":
            yield f".TP\n{value(argument)}\n{explanation(argument)}"
        elif argument["kind"] == "option":
            yield f".TP\n{name(argument)} {value(argument)}\n{explanation(argument)}"
        else:
            yield f".TP\n{name(argument)}\n{explanation(argument)}"


def section(command, path):
    yield f".SS {text(' '.join(path))}"
    yield usage(command, path)
    yield ".PP"
    yield text(command.get("abstract", ""))
    if discussion := command.get("discussion"):
        yield text(discussion)
    yield from items(command)
    for sub in commands(command):
        yield from section(sub, path + [sub["commandName"]])


def page(command, version):
    title = command["commandName"]
    date = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc).date()
    yield f'.TH {text(title.upper())} 1 {date} "glm {version}"'
    yield ".SH NAME"
    yield f"{text(title)} \\- {text(command.get('abstract', '').rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield usage(command, [title])
    yield ".SH DESCRIPTION"
    yield text(command.get("discussion") or command.get("abstract", ""))
    yield "\\fB\\-\\-help\\fR of each command tells what follows, \\fB\\-\\-version\\fR which version this is."
    if own := list(items(command)):
        yield ".SH OPTIONS"
        yield from own
    if subs := commands(command):
        yield ".SH COMMANDS"
        for sub in subs:
            yield from section(sub, [title, sub["commandName"]])


dump = json.load(sys.stdin)
if dump["serializationVersion"] != 0:
    sys.exit(f"manual.py: the dump has version {dump['serializationVersion']}; it is written for 0")
print("\n".join(page(dump["command"], sys.argv[1])))
