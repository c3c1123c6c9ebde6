import Domain
import Foundation
import StandInFiles
import Tensor
import TensorAscend
import TensorCPU
import Testing

/// The stand-in, installed where the loader looks as CANN would be. It computes on the CPU and proves nothing about hardware.
enum StandIn {
    enum Layout: String, CaseIterable {
        /// Operators in libopapi.so.
        case whole
        /// Operators in the four libraries of 9.x.
        case split

        var operators: [String] {
            self == .whole ? ["libopapi.so"] : ["libopapi_math.so", "libopapi_nn.so", "libopapi_cv.so", "libopapi_transformer.so"]
        }
    }

    /// Where the build leaves it: beside the test's own program.
    static let library = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "libAscendStandIn.so")

    /// Sets the environment as CANN's own script would, before anything of CANN is loaded into this process. The folder goes when the
    /// process ends.
    /// - Parameters:
    ///   - symbol: of a function that the libraries are to lack.
    ///   - leavingOut: libraries that are to be absent.
    ///   - legacy: adds libopapi_legacy.so, which has that function.
    ///   - settings: of the stand-in, without their prefix.
    static func install(
        _ layout: Layout = .whole, without symbol: String? = nil, leavingOut: Set<String> = [], legacy: Bool = false, settings: [String: String] = [:]
    ) throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "glm-cann-\(UUID().uuidString)", directoryHint: .isDirectory)
        let folder = home.appending(path: "lib64", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let copy = home.appending(path: library.lastPathComponent)
        try FileManager.default.copyItem(at: library, to: copy)
        if let symbol { try Exports.hide(symbol, in: copy) }
        for name in ["libascendcl.so", "libnnopbase.so", "libhccl.so"] + layout.operators where !leavingOut.contains(name) {
            try FileManager.default.createSymbolicLink(at: folder.appending(path: name), withDestinationURL: copy)
        }
        if legacy {
            try FileManager.default.createSymbolicLink(at: folder.appending(path: "libopapi_legacy.so"), withDestinationURL: library)
        }
        setenv("ASCEND_HOME_PATH", home.path, 1)
        setenv("ASCEND_OPP_PATH", home.path, 1)
        for (name, value) in settings { setenv("STANDIN_" + name, value, 1) }
        atexit { try? FileManager.default.removeItem(atPath: String(cString: getenv("ASCEND_HOME_PATH"))) }
    }
}

/// One device for each way of computing, made once in this process: a start-up runs the self-test.
enum Devices {
    static let f32: Result<AscendDevice, any Error> = make(.f32)
    static let bf16: Result<AscendDevice, any Error> = make(.bf16)
    /// bf16 without any fused operator.
    static let composed: Result<AscendDevice, any Error> = Result {
        try installed.get()
        return try AscendDevice(0, precision: .bf16, timeout: 60, fused: .none)
    }

    /// bf16 without recordings.
    static let launching: Result<AscendDevice, any Error> = Result {
        try installed.get()
        var fused = FusedOperators()
        fused.recording = false
        return try AscendDevice(0, precision: .bf16, timeout: 60, fused: fused)
    }

    private static let installed = Result { try StandIn.install() }

    private static func make(_ precision: Precision) -> Result<AscendDevice, any Error> {
        Result {
            try installed.get()
            return try AscendDevice(0, precision: precision, timeout: 60)
        }
    }
}

/// What a device is compared with, and how closely it must agree with the CPU in f32.
enum Variant: String, CaseIterable, CustomTestStringConvertible {
    case f32, bf16, composed

    var testDescription: String { rawValue }

    var device: AscendDevice {
        get throws {
            switch self {
            case .f32: try Devices.f32.get()
            case .bf16: try Devices.bf16.get()
            case .composed: try Devices.composed.get()
            }
        }
    }

    /// Of the largest true value.
    var tolerance: Double { self == .f32 ? 2e-5 : 3e-2 }
}

/// Numbers that look normal and are the same each time.
struct Noise {
    private var generator: TorchGenerator
    init(_ seed: UInt64) { generator = TorchGenerator(seed: seed) }
    mutating func callAsFunction(_ count: Int) -> [Float] { generator.normal(count: count) }
}

/// A weight in host memory, as a checkpoint's map would hold it.
func hostWeight(_ values: [Float], _ shape: Shape, _ dtype: DType) -> Tensor {
    let byteCount = values.count * dtype.byteCount
    let address = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    for (index, value) in values.enumerated() {
        let target = address + index * dtype.byteCount
        switch dtype {
        case .f32: target.storeBytes(of: value, as: Float.self)
        case .bf16: target.storeBytes(of: UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x8000) >> 16), as: UInt16.self)
        case .f16: target.storeBytes(of: Float16(value).bitPattern, as: UInt16.self)
        default: preconditionFailure("\(dtype) as a weight")
        }
    }
    return Tensor(storage: Storage(address: address, byteCount: byteCount) { $0.deallocate() }, dtype: dtype, shape: shape)
}

extension Device {
    /// A matrix whose rows lie `gap` elements apart, within a wider one that starts `gap` columns earlier.
    func strided(_ values: [Float], _ rows: Int, _ columns: Int, gap: Int) -> Tensor {
        var wide = [Float](repeating: 777, count: rows * (columns + 2 * gap))
        for row in 0..<rows { for column in 0..<columns { wide[row * (columns + 2 * gap) + gap + column] = values[row * columns + column] } }
        return makeTensor(wide, Shape(rows, columns + 2 * gap)).columns(gap..<gap + columns)
    }

    /// The elements of a matrix whose rows lie apart.
    func values(_ x: Tensor) throws -> [Float] {
        let dense = makeTensor(Shape(x.rows, x.columns), .f32)
        copy(x, to: dense)
        return try floats(dense)
    }

    /// Rotates where the device would leave the result elsewhere, too.
    func rotate(_ x: Tensor, headSize: Int, by rotation: Rotation) {
        let turned = rotated(x, headSize: headSize, by: rotation)
        if turned.address != x.address { copy(turned, to: x) }
    }

    /// What lies between the rows of a tensor that ``strided(_:_:_:gap:)`` made.
    func gaps(_ x: Tensor, _ gap: Int) throws -> [Float] {
        guard gap > 0 else { return [] }
        let wide = Tensor(storage: x.storage, byteOffset: x.byteOffset - 4 * gap, dtype: .f32, shape: Shape(x.rows, x.columns + 2 * gap))
        let all = try floats(wide)
        return all.indices.filter { !(gap..<gap + x.columns).contains($0 % wide.columns) }.map { all[$0] }
    }
}
