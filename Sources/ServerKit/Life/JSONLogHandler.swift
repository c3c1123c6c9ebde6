import Domain
package import Foundation
public import Logging

/// Writes each line of the log as an object: `time`, `level`, `logger`, `message`, and the metadata as further fields.
public struct JSONLogHandler: LogHandler {
    private static let own: Set<String> = ["time", "level", "logger", "message"]
    /// Bytes of one text.
    private static let longestText = 1 << 10

    private let label: String
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?

    public init(label: String, metadataProvider: Logger.MetadataProvider? = nil) {
        self.label = label
        self.metadataProvider = metadataProvider
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { fields["error"] = "\(error)" }
        var stream = LogStream()
        stream.write(Self.line(.now, event.level, label, "\(event.message)", fields) + "\n")
    }

    /// - Returns: at most as many bytes as a line may have: fields that would not fit are left out.
    package static func line(_ time: Date, _ level: Logger.Level, _ label: String, _ message: String, _ fields: Logger.Metadata) -> String {
        let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(time)
        var line = #"{"time":\#(time.quotedJSON),"level":"\#(level)","logger":\#(label.quotedJSON),"message":\#(text(message))"#
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let name = own.contains(key) ? "metadata.\(key)" : key
            let field = ",\(text(name)):\(json(value))"
            if line.utf8.count + field.utf8.count < LogStream.limit { line += field }
        }
        return line + "}"
    }

    private static func text(_ text: String) -> String { text.prefix(bytes: longestText).quotedJSON }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let string): text(string)
        case .stringConvertible(let value): text("\(value)")
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let fields):
            "{\(fields.sorted { $0.key < $1.key }.map { "\(text($0.key)):\(json($0.value))" }.joined(separator: ","))}"
        }
    }
}
