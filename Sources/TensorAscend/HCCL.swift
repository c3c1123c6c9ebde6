import CAscend
import Tensor

/// HCCL as this process found it. Loaded once, where devices are to exchange tensors; if that fails, every later call throws the same reason.
struct HCCL: @unchecked Sendable {
    /// HCCL's functions; each is there unless it is optional.
    let api: ca_hccl

    private static let loaded: Result<HCCL, DeviceError> = Result { () throws(DeviceError) in try HCCL() }

    static func load() throws(DeviceError) -> HCCL { try loaded.get() }

    private init() throws(DeviceError) {
        var table = ca_hccl()
        var reason = [CChar](repeating: 0, count: 1024)
        guard ca_load_hccl(&table, &reason, reason.count) else {
            let told = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw DeviceError(.unavailable, "no NPUs can compute together: \(told)")
        }
        api = table
        // Before any communicator is made. An A2 adds in any order without it.
        if let set = api.HcclSetConfig {
            let code = set(HCCL_DETERMINISTIC, HcclConfigValue(value: 1))
            guard code == HCCL_SUCCESS else { throw DeviceError(.unavailable, "HcclSetConfig answered \(code.rawValue)") }
        }
    }
}

extension DType {
    /// Nil for what HCCL does not know.
    var hccl: HcclDataType? {
        switch self {
        case .f32: HCCL_DATA_TYPE_FP32
        case .bf16: HCCL_DATA_TYPE_BFP16
        case .f16: HCCL_DATA_TYPE_FP16
        case .i64: HCCL_DATA_TYPE_INT64
        case .i32: HCCL_DATA_TYPE_INT32
        case .i8: HCCL_DATA_TYPE_INT8
        case .u8: HCCL_DATA_TYPE_UINT8
        case .bool: nil
        }
    }
}
