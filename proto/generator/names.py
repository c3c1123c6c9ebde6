"""Names of the contract in Swift and in protobuf-c's C."""

import re


def swift_member(name):
    """`request_id` -> `requestID`, `MESSAGE_REQUEST` -> `messageRequest`."""
    first, *rest = name.lower().split("_")
    return first + "".join("ID" if part == "id" else part.capitalize() for part in rest)


def swift_type(name):
    """`message_request` -> `MessageRequest`."""
    return "".join(part.capitalize() for part in name.split("_"))


def swift_case(enum, value):
    """`STAGE_STATE_STARTING` of `StageState` -> `starting`."""
    prefix = _snake(enum).upper() + "_"
    return swift_member(value[len(prefix):] if value.startswith(prefix) else value)


def c_type(full_name):
    """`glm.v1.CodeGrid` -> `Glm__V1__CodeGrid`."""
    return "__".join("".join(part[:1].upper() + part[1:] for part in piece.split("_")) for piece in full_name.split("."))


def c_prefix(full_name):
    """`glm.v1.CodeGrid` -> `glm__v1__code_grid`."""
    return "__".join(_snake(piece) for piece in full_name.split("."))


def c_oneof_case(message, oneof, member):
    return f"{c_prefix(message)}__{oneof}_{member}".upper()


def c_enum_value(enum, value):
    return f"{c_prefix(enum)}__{value}".upper()


def file_stem(path):
    """`grpc/health/v1/health.proto` -> `Health`."""
    return swift_type(path.split("/")[-1].removesuffix(".proto"))


def _snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
