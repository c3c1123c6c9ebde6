import AscendStandIn
import CAscend
import Foundation
import Testing

/// How far CANN is asked to keep bits, and what moves where it isn't.
struct DeterminismTests {
    @Test(
        "a release takes the levels of ACL_OPT_DETERMINISTIC that its documentation names, for the process and the context",
        arguments: ["8.1.RC1": 1, "9.1.0": 2, "9.2.0": 3])
    func levels(release: String, most: Int) async {
        await #expect(processExitsWith: .success) { [release, most] in
            let session = Session(["RELEASE": release])
            for level in 0...4 {
                #expect(cann.aclrtSetSysParamOpt(ACL_OPT_DETERMINISTIC, Int64(level)) == (level <= most ? 0 : 107000))
                #expect(cann.aclrtCtxSetSysParamOpt(ACL_OPT_DETERMINISTIC, Int64(level)) == (level <= most ? 0 : 107000))
            }
            var version = aclCANNPackageVersion()
            ok(cann.aclsysGetCANNVersion(ACL_PKG_NAME_CANN, &version))
            #expect(withUnsafeBytes(of: version.version) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) } == release)
            _ = session
        }
    }
}
