import Telemetry
import Testing

@Suite("What the kernel knows of the process")
struct ProcessSamplesTests {
    @Test("the kernel's numbers are told in seconds and bytes, whatever the program is called")
    func numbers() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 3000 1048576 25 18446744073709551615 1 1 0 0"
        let samples = ProcessSamples.of(stat: stat, boot: "cpu 1 2\nbtime 1700000000\n", ticks: 100, page: 4096)
        let told = Dictionary(uniqueKeysWithValues: samples.map { ($0.name, $0.value) })
        #expect(
            told == [
                "process_cpu_seconds_total": 3, "process_threads": 9, "process_start_time_seconds": 1_700_000_030,
                "process_virtual_memory_bytes": 1_048_576, "process_resident_memory_bytes": 102_400,
            ])
    }

    @Test("what the kernel does not tell is left out", arguments: ["", "7 (a", "7 (a) S 1"])
    func nothing(stat: String) {
        #expect(ProcessSamples.of(stat: stat, boot: "", ticks: 100, page: 4096).isEmpty)
    }

    @Test("this process has memory, time and descriptors")
    func own() {
        let names = Set(ProcessSamples.now().map(\.name))
        #expect(names.isSuperset(of: ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"]))
    }
}
