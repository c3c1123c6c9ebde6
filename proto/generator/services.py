"""Swift method descriptors, handler protocols, registrations and clients of services."""

import names
from contract import doc
from fields import FieldCode
from messages import MessageCode
from notes import Notes, size

# Of keys, with their cases in Swift.
SCOPES = {"images": "images", "chat": "chat", "fleet:read": "fleetRead", "fleet:write": "fleetWrite"}


def can_generate(service):
    """Streams of requests have no shape here: such a service is written by hand."""
    return not any(method.client_streams for method in service.methods)


def service_lines(contract, service):
    code = ServiceCode(contract, service)
    parts = [code.methods(), code.handler(), code.factory(), code.registration(), code.client()]
    return [line for part in parts for line in part + [""]][:-1]


def access_lines(contract, services):
    """Who may call which method, as one table."""
    methods = [MethodCode(contract, service, method) for service in services for method in service.methods]
    lines = [f'        "{code.service.full_name}/{code.method.name}": .{code.access},' for code in methods]
    head = ["/// Who may call which method, by its full name.", "extension Methods {", "    package static let access: [String: Access] = ["]
    return head + lines + ["    ]", "}"]


class MethodCode:
    def __init__(self, contract, service, method):
        self.service, self.method, self.notes = service, method, Notes(method)
        self.name = names.swift_member(_snake_first(method.name))
        self.descriptor = f"Methods.{service.name}.{self.name}"
        self.request, self.response = contract[method.input].swift, contract[method.output].swift
        self.is_empty = not contract[method.input].declaration.fields
        self.streams = method.server_streams
        event = MessageCode(contract, contract[method.output].declaration).event if self.streams else None
        self.last = next((member for member in event.members if "last" in member.notes), None) if event else None

    def descriptor_lines(self):
        kind = ".serverStreaming" if self.streams else ".unary"
        limits = "".join(
            f", {label}: {size(self.notes[note], self.method.full_name)}"
            for note, label in (("request_limit", "requestLimit"), ("response_limit", "responseLimit")) if note in self.notes)
        call = f'Method<{self.request}, {self.response}>(service, "{self.method.name}", {kind}{limits})'
        return doc(self.notes.text, "        ") + [f"        public static let {self.name} = {call}"]

    @property
    def access(self):
        access = self.notes.get("access")
        if access != "everybody" and access not in SCOPES:
            raise SystemExit(f"{self.method.full_name}: says neither @access everybody nor one of @access {', '.join(SCOPES)}")
        return access if access == "everybody" else f"scope(.{SCOPES[access]})"

    def handler_lines(self):
        send, result = (f", send: @escaping Send<{self.response}>", "") if self.streams else ("", f" -> {self.response}")
        return doc(self.notes.text, "    ") + [
            f"    func {self.name}(_ request: {self.request}, _ call: ServerCall{send}) async throws{result}"]

    def registration_line(self):
        if self.streams:
            return f"        router.registerStream({self.descriptor}) {{ try await handler.{self.name}($0, $1, send: $2) }}"
        return f"        router.register({self.descriptor}) {{ try await handler.{self.name}($0, $1) }}"

    def client_lines(self):
        request = "" if self.is_empty else f"_ request: {self.request}, "
        value = f"{self.request}()" if self.is_empty else "request"
        head = f"    public func {self.name}({request}_ settings: CallSettings = CallSettings()"
        lines = doc(self.notes.text, "    ")
        if not self.streams:
            return lines + [
                head + f") async throws -> {self.response} {{",
                f"        try await connection.unary({self.descriptor}, {value}, settings)", "    }"]
        event = f", onEvent: @escaping @Sendable ({self.response}) async throws -> Void"
        if not self.last:
            lines += ["    ///", "    /// Hands over every event in order; returns when the stream has ended."]
            return lines + [
                head + event + ") async throws {",
                f"        try await connection.stream({self.descriptor}, {value}, settings, onEvent)", "    }"]
        lines += ["    ///", "    /// Hands over every event in order, the last one too; returns what the last one carries."]
        return lines + [
            head + event + f" = {{ _ in }}) async throws -> {self.last.base} {{",
            f"        let last = Last<{self.last.base}>()",
            f"        try await connection.stream({self.descriptor}, {value}, settings) {{ event in",
            f"            if case .{self.last.name}(let value) = event {{ last.value = value }}",
            "            try await onEvent(event)", "        }",
            f"        return try last.orMissing(in: {self.descriptor})", "    }"]


class ServiceCode:
    def __init__(self, contract, service):
        self.service, self.name = service, service.name
        self.text = Notes(service).text
        self.codes = [MethodCode(contract, service, method) for method in service.methods]

    def methods(self):
        lines = ["extension Methods {"] + doc(self.text, "    ") + [
            f"    public enum {self.name} {{", f'        public static let service = "{self.service.full_name}"']
        for code in self.codes:
            lines += code.descriptor_lines()
        return lines + ["    }", "}"]

    def handler(self):
        lines = [f"/// Answers the methods of ``Methods/{self.name}``.", f"public protocol {self.name}Handler: Sendable {{"]
        for code in self.codes:
            lines += code.handler_lines()
        return lines + ["}"]

    def factory(self):
        limits = ", ".join(f"{code.descriptor}.name: {code.descriptor}.requestLimit" for code in self.codes)
        return [
            "extension Service {", f"    /// The service ``Methods/{self.name}``, answered by `handler`.",
            f"    public static func {names.swift_member(_snake_first(self.name))}(_ handler: some {self.name}Handler) -> Service {{",
            f"        Service(name: Methods.{self.name}.service, requestLimits: [{limits}], registration: {self.name}Registration(handler: handler))",
            "    }", "}"]

    def registration(self):
        lines = [
            f"private struct {self.name}Registration<Handler: {self.name}Handler>: Registration {{", "    let handler: Handler", "",
            "    func register<T: ServerTransport>(with router: inout RPCRouter<T>) {"]
        return lines + [code.registration_line() for code in self.codes] + ["    }", "}"]

    def client(self):
        lines = [
            f"/// Calls ``Methods/{self.name}`` of a process. Throws ``CallError``, or `CancellationError` when the task was cancelled.",
            f"public struct {self.name}Client: Sendable {{", "    private let connection: StageConnection", "",
            "    public init(_ connection: StageConnection) { self.connection = connection }"]
        for code in self.codes:
            lines += [""] + code.client_lines()
        return lines + ["}"]


def _snake_first(name):
    """`ServerReflectionInfo` -> `server_Reflection_Info`: a member's name follows from it."""
    return "".join("_" + letter if letter.isupper() and index else letter for index, letter in enumerate(name))
