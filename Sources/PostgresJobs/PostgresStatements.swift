/// All that is asked of the database. Each is one transaction by itself: nobody holds a lock while it is elsewhere, or asleep.
extension PostgresStatement {
    /// In the order that `Job.init(_:)` reads.
    private static let columns: StaticString = """
        number, id, title, submitter, state, attempts, submitted, began, ended, octet_length(request), octet_length(result), media, object, \
        failure_code, failure_message
        """

    /// Id, title, submitter, trace, request; the most that wait, that are kept, the bytes of a result, of all. No row: there is such a job, or no room.
    static let submit = PostgresStatement(
        "submit",
        """
        WITH room AS (SELECT * FROM glm_tally FOR UPDATE)
        INSERT INTO glm_job (id, title, submitter, trace, state, submitted, request)
        SELECT $1::text, $2::text, $3::text, $4::text, 'queued', glm_now(), $5::bytea FROM room
        WHERE queued < $6::bigint AND queued + running + ended < $7::bigint
            AND bytes + (queued + running + 1) * $8::bigint + octet_length($5::bytea) <= $9::bigint
        ON CONFLICT (id) DO NOTHING RETURNING COLUMNS
        """, columns: columns)

    /// Id, request. Whether it is the same request stands behind the job.
    static let compare = PostgresStatement(
        "compare", "SELECT COLUMNS, request = $2::bytea FROM glm_job WHERE id = $1::text", columns: columns)

    /// Owner, milliseconds. The first of each who waits; of those the one whose submitter has the fewest that run. Who claims at the same time does
    /// not wait, but takes the next one. What it returns is small, for the transaction ends only when all of it is sent.
    static let claim = PostgresStatement(
        "claim",
        """
        WITH RECURSIVE waiting AS (
            (SELECT submitter, number FROM glm_job WHERE state = 'queued' ORDER BY submitter, number LIMIT 1)
            UNION ALL
            SELECT later.submitter, later.number FROM waiting CROSS JOIN LATERAL (
                SELECT submitter, number FROM glm_job WHERE state = 'queued' AND submitter > waiting.submitter ORDER BY submitter, number LIMIT 1
            ) AS later
        ), busy AS (
            SELECT submitter, count(*) AS jobs FROM glm_job WHERE state = 'running' GROUP BY submitter
        ), fair AS MATERIALIZED (
            SELECT submitter FROM waiting LEFT JOIN busy USING (submitter) ORDER BY coalesce(jobs, 0), number
        ), next AS MATERIALIZED (
            SELECT free.number FROM fair CROSS JOIN LATERAL (
                SELECT number FROM glm_job WHERE state = 'queued' AND submitter = fair.submitter ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
            ) AS free LIMIT 1
        )
        UPDATE glm_job SET state = 'running', attempts = attempts + 1, began = glm_now(), owner = $1::text, lease = nextval('glm_lease'),
            lease_until = glm_now() + $2::bigint
        FROM next WHERE glm_job.number = next.number
        RETURNING id, submitter, attempts, lease, trace
        """)

    /// Owner, lease.
    static let claimed = PostgresStatement(
        "claimed", "SELECT request FROM glm_job WHERE state = 'running' AND owner = $1::text AND lease = $2::bigint")

    /// Owner, leases, milliseconds.
    static let renew = PostgresStatement(
        "renew",
        """
        UPDATE glm_job SET lease_until = glm_now() + $3::bigint WHERE state = 'running' AND owner = $1::text AND lease = ANY ($2::bigint[])
        RETURNING lease
        """)

    /// Id, owner, lease; bytes, media, object. A lease that is over and that nobody else has taken still counts: the work is done.
    static let finish = PostgresStatement(
        "finish",
        """
        UPDATE glm_job SET state = 'done', ended = glm_now(), result = $4::bytea, media = $5::text, object = $6::text,
            owner = NULL, lease = NULL, lease_until = NULL
        WHERE id = $1::text AND state = 'running' AND owner = $2::text AND lease = $3::bigint RETURNING COLUMNS
        """, columns: columns)

    /// Id, owner, lease; code, message.
    static let fail = PostgresStatement(
        "fail",
        """
        UPDATE glm_job SET state = 'failed', ended = glm_now(), failure_code = $4::bigint, failure_message = $5::text,
            owner = NULL, lease = NULL, lease_until = NULL
        WHERE id = $1::text AND state = 'running' AND owner = $2::text AND lease = $3::bigint RETURNING COLUMNS
        """, columns: columns)

    /// Id, owner, lease.
    static let giveBack = PostgresStatement(
        "give_back",
        """
        UPDATE glm_job SET state = 'queued', began = NULL, attempts = attempts - 1, owner = NULL, lease = NULL, lease_until = NULL
        WHERE id = $1::text AND state = 'running' AND owner = $2::text AND lease = $3::bigint RETURNING COLUMNS
        """, columns: columns)

    /// Id.
    static let cancel = PostgresStatement(
        "cancel",
        """
        UPDATE glm_job SET state = 'cancelled', ended = glm_now(), owner = NULL, lease = NULL, lease_until = NULL
        WHERE id = $1::text AND state IN ('queued', 'running') RETURNING COLUMNS
        """, columns: columns)

    /// The most attempts, the code of the failure, when this session began, milliseconds: a session younger than a lease takes nothing, for after
    /// an outage all owners must have had the time to renew.
    static let recover = PostgresStatement(
        "recover",
        """
        WITH lost AS (
            SELECT number FROM glm_job WHERE state = 'running' AND lease_until < glm_now() AND glm_now() >= $3::bigint + $4::bigint
            ORDER BY number FOR UPDATE SKIP LOCKED
        )
        UPDATE glm_job SET
            state = CASE WHEN attempts < $1::bigint THEN 'queued' ELSE 'failed' END,
            began = CASE WHEN attempts < $1::bigint THEN NULL ELSE began END,
            ended = CASE WHEN attempts < $1::bigint THEN NULL ELSE glm_now() END,
            failure_code = CASE WHEN attempts < $1::bigint THEN NULL ELSE $2::bigint END,
            failure_message = CASE WHEN attempts < $1::bigint THEN NULL
                ELSE 'the process that worked on it ended ' || attempts || ' times; it is begun at most ' || $1::bigint || ' times' END,
            owner = NULL, lease = NULL, lease_until = NULL
        FROM lost WHERE glm_job.number = lost.number
        RETURNING id, state, glm_job.number
        """)

    static let now = PostgresStatement("now", "SELECT glm_now()")

    /// Id.
    static let get = PostgresStatement("get", "SELECT COLUMNS FROM glm_job WHERE id = $1::text", columns: columns)

    /// Number, limit.
    static let list = PostgresStatement(
        "list", "SELECT COLUMNS FROM glm_job WHERE number < $1::bigint ORDER BY number DESC LIMIT $2::bigint", columns: columns)

    /// Id.
    static let result = PostgresStatement("result", "SELECT result, media, object FROM glm_job WHERE id = $1::text AND state = 'done'")

    static let counts = PostgresStatement("counts", "SELECT queued, running, ended, bytes FROM glm_tally")

    static let touch = PostgresStatement("touch", "UPDATE glm_tally SET bytes = bytes")

    /// Milliseconds, limit.
    static let expired = PostgresStatement(
        "expired", "SELECT COLUMNS FROM glm_job WHERE ended < glm_now() - $1::bigint ORDER BY number LIMIT $2::bigint", columns: columns)

    /// Numbers.
    static let forget = PostgresStatement("forget", "DELETE FROM glm_job WHERE number = ANY ($1::bigint[]) AND ended IS NOT NULL")
}
