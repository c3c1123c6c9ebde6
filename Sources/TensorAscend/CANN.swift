import CAscend
import Synchronization
package import Tensor

/// CANN as this process found it. Loaded and initialised once; if that fails, every later call throws the same reason.
package struct CANN: @unchecked Sendable {
    /// CANN's functions; each is there unless it is optional.
    let api: UnsafePointer<ca_api>
    /// `Ascend910B3`.
    package let chipName: String
    package let deviceCount: Int
    /// Versions of the toolkit and of the driver, where CANN reports them.
    package let version, driverVersion: String?

    private static let loaded: Result<CANN, DeviceError> = Result { () throws(DeviceError) in try CANN() }

    package static func load() throws(DeviceError) -> CANN { try loaded.get() }

    private init() throws(DeviceError) {
        let table = UnsafeMutablePointer<ca_api>.allocate(capacity: 1)
        var reason = [CChar](repeating: 0, count: 1024)
        guard ca_load(table, &reason, reason.count) else {
            table.deallocate()
            throw DeviceError(.unavailable, "no NPU can be used: \(text(reason))")
        }
        api = UnsafePointer(table)
        let api = table.pointee
        func check(_ name: String, _ code: aclError) throws(DeviceError) {
            guard code != 0 else { return }
            throw DeviceError(.unavailable, "no NPU can be used: \(name) answered \(code)\(recentMessage(api))")
        }
        // 100002: it is initialised already, by other code of this process.
        let code = api.aclInit(nil)
        if code != 100002 { try check("aclInit", code) }
        var count: UInt32 = 0
        try check("aclrtGetDeviceCount", api.aclrtGetDeviceCount(&count))
        deviceCount = Int(count)
        guard let name = api.aclrtGetSocName() else { throw DeviceError(.unavailable, "no NPU can be used: aclrtGetSocName tells no chip") }
        chipName = String(cString: name)
        version = CANN.version(api, ACL_PKG_NAME_CANN)
        driverVersion = CANN.version(api, ACL_PKG_NAME_DRIVER)
    }

    private static func version(_ api: ca_api, _ package: aclCANNPackageName) -> String? {
        var result = aclCANNPackageVersion()
        guard let query = api.aclsysGetCANNVersion, query(package, &result) == 0 else { return nil }
        let version = withUnsafeBytes(of: &result.version) { text($0.bindMemory(to: CChar.self)) }
        return version.isEmpty ? nil : version
    }

    /// The context of a device, made at its first use and kept as long as the process lives: making one takes seconds. The driver takes it
    /// back when the process ends. Whoever ended it before, with aclrtResetDevice and aclFinalize, would have to know that no other thread
    /// of the process is in a call of CANN.
    /// - Parameter name: for messages.
    func context(_ device: Int, _ name: String) throws(DeviceError) -> aclrtContext {
        try CANN.contexts.withLock { contexts throws(DeviceError) in
            if let found = contexts[device] { return found.context }
            let code = api.pointee.aclrtSetDevice(Int32(device))
            guard code == 0 else { throw DeviceError(.unavailable, "\(name): aclrtSetDevice answered \(code)\(recentMessage(api.pointee))") }
            var context: aclrtContext?
            guard api.pointee.aclrtGetCurrentContext(&context) == 0, let context else {
                throw DeviceError(.unavailable, "\(name) has no context")
            }
            contexts[device] = Context(context: context)
            return context
        }
    }

    private struct Context: @unchecked Sendable { let context: aclrtContext }
    private static let contexts = Mutex<[Int: Context]>([:])
}

/// CANN's own words on the calling thread's last error, led by a colon; empty where it has none.
func recentMessage(_ api: ca_api) -> String {
    guard let message = api.aclGetRecentErrMsg(), message.pointee != 0 else { return "" }
    return ": " + String(cString: message)
}

private func text(_ bytes: some Collection<CChar>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
