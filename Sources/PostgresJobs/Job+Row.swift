import Jobs

extension Job {
    /// Columns that `init(_:)` reads.
    static let columns: Int32 = 15

    init(_ row: PostgresRow) throws(JobsError) {
        let state = try row.require(row.text(4).flatMap(State.init(rawValue:)), 4)
        var failure: Failure?
        if state == .failed { failure = Failure(code: Int(try row.require(row.integer(13), 13)), message: try row.require(row.text(14), 14)) }
        self.init(
            number: try row.require(row.integer(0), 0), id: try row.require(row.text(1), 1), title: try row.require(row.text(2), 2),
            submitter: try row.require(row.text(3), 3), state: state, attempts: Int(try row.require(row.integer(5), 5)),
            submitted: try row.require(row.integer(6), 6), began: try row.integer(7), ended: try row.integer(8),
            requestBytes: Int(try row.require(row.integer(9), 9)), resultBytes: try row.integer(10).map { Int($0) }, media: row.text(11),
            object: row.text(12), failure: failure)
    }
}
