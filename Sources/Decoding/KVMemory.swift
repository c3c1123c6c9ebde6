import ModelConfiguration
import Tensor

/// One rank's memory for the keys and values of a batch: two pools of rows for each layer, cut into pages.
///
/// A page that no sequence has used is never written, so a system that allocates memory at its first use saves it. On a device whose
/// attention reads whole pages, those that a sequence takes are zeroed, lest it read what another left behind, which may not be finite.
struct KVMemory {
    /// Per layer `[pages · DecoderSizes.pageRows, keyValueHeads · headSize]`, in the device's `cacheType`.
    let keys, values: [Tensor]
    /// A page that tables may name where a sequence has none. Where attention reads it, its rows are zero.
    let spare: Int32
    private let device: any Device

    init(pages: Int, _ decoder: DecoderPart) {
        let (configuration, device) = (decoder.configuration, decoder.device)
        spare = device.readsWholePages ? Int32(pages) : 0
        let shape = Shape((pages + (device.readsWholePages ? 1 : 0)) * DecoderSizes.pageRows, configuration.keyValueSize)
        keys = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        values = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        self.device = device
        if clearsPages { clear([spare]) }
    }

    /// Whether pages must be cleared that a sequence takes.
    var clearsPages: Bool { device.readsWholePages }

    func clear(_ pages: [Int32]) {
        // Pages that lie one behind the other are cleared at once.
        var runs: [Range<Int>] = []
        for rows in pages.sorted().map({ Self.rows($0) }) {
            if let last = runs.last, last.upperBound == rows.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<rows.upperBound
            } else {
                runs.append(rows)
            }
        }
        for rows in runs { for pool in keys + values { device.clear(pool.rows(rows)) } }
    }

    /// Copies the first `rows` rows of a page to another, in all layers.
    func copy(_ page: Int32, to other: Int32, rows: Int) {
        for pool in keys + values { device.copy(pool.rows(Self.rows(page, rows)), to: pool.rows(Self.rows(other, rows))) }
    }

    /// The first rows of a page, or all.
    private static func rows(_ page: Int32, _ count: Int = DecoderSizes.pageRows) -> Range<Int> {
        let start = Int(page) * DecoderSizes.pageRows
        return start..<start + count
    }
}
