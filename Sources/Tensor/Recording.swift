/// Work that a device has recorded, and runs again as one call: see ``Device/record(writing:_:)``.
///
/// It names the device's own copy, which the device may drop at any time. What the work reads and writes must live as long as it is
/// replayed.
public final class Recording: Sendable {
    package init() {}
}
