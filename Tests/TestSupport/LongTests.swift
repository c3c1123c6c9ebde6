import Foundation

/// The long versions of tests: more requests, more time, every fixture in every variant. `deploy/test.sh --long` sets it.
public enum LongTests {
    public static let variable = "GLM_LONG"
    public static let areEnabled = ProcessInfo.processInfo.environment[variable] == "1"
}
