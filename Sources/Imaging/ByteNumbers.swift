extension RandomAccessCollection<UInt8> where Index == Int {
    /// The whole number in `count` bytes; nil beyond the end.
    func number(at position: Int, count: Int, isLittleEndian: Bool = false) -> Int? {
        guard position >= startIndex, position <= endIndex - count else { return nil }
        let digits = self[position..<position + count]
        return isLittleEndian ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
    }
}
