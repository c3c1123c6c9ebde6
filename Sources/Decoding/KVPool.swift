import ModelConfiguration
import Tensor

/// The memory for the keys and values of a batch: two pools of rows for each layer, cut into pages that sequences take and release.
///
/// A page that no sequence has used is never written, so a system that allocates memory at its first use saves it.
package final class KVPool {
    /// Per layer `[pages · DecoderSizes.pageRows, keyValueHeads · headSize]`, in the device's `cacheType`.
    let keys, values: [Tensor]
    private(set) var allocator: PageAllocator

    init(pages: Int, _ configuration: DecoderConfiguration, on device: any Device) {
        let shape = Shape(pages * DecoderSizes.pageRows, configuration.keyValueSize)
        keys = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        values = (0..<configuration.layers).map { _ in device.makeTensor(shape, device.cacheType) }
        allocator = PageAllocator(pageCount: pages)
    }

    func take(_ count: Int) -> [Int32]? { allocator.take(count) }
    func release(_ pages: [Int32]) { allocator.release(pages) }
}
