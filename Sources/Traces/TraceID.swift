/// The name of a trace: 16 bytes, not all of them zero.
public struct TraceID: Sendable, Hashable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    /// - Returns: nil for zero, which names no trace.
    public init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        (self.high, self.low) = (high, low)
    }

    private init(random high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }

    public static func random() -> TraceID { TraceID(random: .random(in: .min ... .max), .random(in: 1 ... .max)) }

    /// 32 small hexadecimal digits.
    public var description: String { high.hexadecimal + low.hexadecimal }
}

/// The name of a span in its trace: 8 bytes, not all of them zero.
public struct SpanID: Sendable, Hashable, CustomStringConvertible {
    public let value: UInt64

    /// - Returns: nil for zero, which names no span.
    public init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    private init(random value: UInt64) { self.value = value }

    public static func random() -> SpanID { SpanID(random: .random(in: 1 ... .max)) }

    /// 16 small hexadecimal digits.
    public var description: String { value.hexadecimal }
}

extension UInt64 {
    /// With leading zeros.
    fileprivate var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// - Returns: nil where a digit is none, or a capital.
    init?(hexadecimal digits: some Sequence<UInt8>) {
        self = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): self = self << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): self = self << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
    }
}
