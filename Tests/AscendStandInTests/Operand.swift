import AscendStandIn
import CAscend
import Foundation
import Testing

/// How a test lays a tensor into its storage: none of the operators may care.
enum Layout: CaseIterable {
    case dense
    /// Elements two apart, rows further apart than they are long, an offset before the first.
    case spaced
    /// The last two axes swapped in memory, with an offset.
    case transposed
}

/// A tensor on the device with the values that its type could hold.
struct Operand {
    let handle: OpaquePointer
    let dims: [Int]
    let type: aclDataType
    var values: [Double]
    let storage: UnsafeMutableRawPointer
    /// Where in the storage each element is, row-major; all other places hold `Operand.untouched`.
    let places: [Int]
    let storageCount: Int

    static let untouched = 77.0
}

extension Session {
    /// A tensor with these values, rounded to the type.
    func operand(_ dims: [Int], _ values: [Double], _ type: aclDataType = ACL_FLOAT, _ layout: Layout = .dense, format: aclFormat = ACL_FORMAT_ND)
        -> Operand
    {
        var strides = [Int](repeating: 1, count: dims.count), offset = 0, step = 1
        var order = Array(dims.indices.reversed())
        if layout == .transposed, dims.count > 1 { order.swapAt(0, 1) }
        if layout == .spaced { step = 2 }
        for axis in order {
            strides[axis] = step
            step *= dims[axis] + (layout == .spaced && axis > 0 ? 1 : 0)
        }
        if layout != .dense { offset = 3 }
        let places = dims.indices.reduce([offset]) { places, axis in places.flatMap { place in (0..<dims[axis]).map { place + $0 * strides[axis] } } }
        let count = (places.max() ?? 0) + 1 + offset
        var stored = [Double](repeating: Operand.untouched, count: count)
        for (place, value) in zip(places, values) { stored[place] = value }
        let bytes = type.encode(stored), storage = memory(max(bytes.count, 1))
        ok(cann.aclrtMemcpy(storage, bytes.count, bytes, bytes.count, ACL_MEMCPY_HOST_TO_DEVICE))
        let handle = cann.aclCreateTensor(
            dims.map(Int64.init), UInt64(dims.count), type, strides.map(Int64.init), Int64(offset), format, [Int64(count)], 1, storage)!
        return Operand(
            handle: handle, dims: dims, type: type, values: type.decode(type.encode(values)), storage: storage, places: places, storageCount: count)
    }

    /// Roughly normal values.
    func operand(_ dims: [Int], _ type: aclDataType = ACL_FLOAT, _ layout: Layout = .dense, format: aclFormat = ACL_FORMAT_ND, _ random: inout Random)
        -> Operand
    {
        operand(dims, random.normals(dims.reduce(1, *)), type, layout, format: format)
    }

    /// A tensor to write into, which reads as `untouched` before.
    func output(_ dims: [Int], _ type: aclDataType = ACL_FLOAT, _ layout: Layout = .dense, format: aclFormat = ACL_FORMAT_ND) -> Operand {
        operand(dims, [Double](repeating: Operand.untouched, count: dims.reduce(1, *)), type, layout, format: format)
    }

    func scalar(_ value: Double, _ type: aclDataType = ACL_FLOAT) -> OpaquePointer {
        var bytes = type.encode([value])
        return cann.aclCreateScalar(&bytes, type)!
    }

    func integers(_ values: [Int]) -> OpaquePointer { cann.aclCreateIntArray(values.map(Int64.init), UInt64(values.count))! }

    func list(_ operands: Operand...) -> OpaquePointer { cann.aclCreateTensorList(operands.map(\.handle), UInt64(operands.count))! }

    /// Both phases of an operator with a workspace of just the size asked for, or `missing` bytes less, waited for. Answers the first
    /// code that is not 0.
    func run(
        _ launch: (@convention(c) (UnsafeMutableRawPointer?, UInt64, OpaquePointer?, aclrtStream?) -> aclnnStatus)?,
        missing: UInt64 = 0, _ plan: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<OpaquePointer?>) -> aclnnStatus?
    ) -> Int32 {
        var size: UInt64 = 0
        var executor: OpaquePointer?
        let refusal = plan(&size, &executor)!
        guard refusal == 0 else { return refusal }
        let stream = stream(), workspace = size > 0 ? memory(Int(size)) : nil
        let status = launch!(workspace, size - missing, executor, stream)
        guard status == 0 else { return status }
        return wait(stream)
    }

    func stored(_ operand: Operand) -> [Double] {
        var bytes = [UInt8](repeating: 0, count: operand.storageCount * operand.type.size)
        let count = bytes.count
        ok(cann.aclrtMemcpy(&bytes, count, operand.storage, count, ACL_MEMCPY_DEVICE_TO_HOST))
        return operand.type.decode(bytes)
    }

    func read(_ operand: Operand) -> [Double] {
        let stored = stored(operand)
        return operand.places.map { stored[$0] }
    }

    /// The tensor holds the values to half a unit of its type, plus `slack` times the largest for what f32 sums lose; the storage around it is untouched.
    func expect(_ operand: Operand, _ expected: [Double], slack: Double = 2e-6, _ what: String = "", _ location: SourceLocation = #_sourceLocation) {
        let stored = stored(operand)
        let largest = expected.lazy.filter(\.isFinite).map(abs).max() ?? 0
        #expect(expected.count == operand.places.count, sourceLocation: location)
        let wrong = zip(operand.places, expected).enumerated().first { _, pair in
            let value = stored[pair.0], right = pair.1
            if value.isNaN || right.isNaN { return value.isNaN != right.isNaN }
            return value != right && !(abs(value - right) <= operand.type.halfUnit * abs(right) * 1.001 + slack * (largest + 0.1))
        }
        if let (index, (place, right)) = wrong { fail("element \(index) of \(operand.dims) is \(stored[place]), not \(right) \(what)", location) }
        var around = stored
        for place in operand.places { around[place] = Operand.untouched }
        let spilt = around.firstIndex { $0 != Operand.untouched }
        if let spilt { fail("element \(spilt) of the storage of \(operand.dims) was written \(what)", location) }
    }

    /// An issue in a process of its own reaches the report without its words, so they are printed too.
    private func fail(_ words: String, _ location: SourceLocation) {
        FileHandle.standardError.write(Data("\(location.fileID):\(location.line): \(words)\n".utf8))
        Issue.record(Comment(rawValue: words), sourceLocation: location)
    }
}

/// What CANN answered. A function: the compiler confuses closures within `#expect` with others of their test.
func expectCode(_ code: Int32, _ answered: Int32, _ location: SourceLocation = #_sourceLocation) {
    #expect(answered == code, sourceLocation: location)
}

/// A small generator, so that a failing test fails again.
struct Random: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func normals(_ count: Int) -> [Double] {
        (0..<count).map { _ in (0..<4).reduce(0) { sum, _ in sum + Double.random(in: -1...1, using: &self) } * 0.866 }
    }
}
