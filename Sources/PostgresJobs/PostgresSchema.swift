import Jobs

/// The tables, made and changed by whoever comes first, in the first schema of the connection's search path.
enum PostgresSchema {
    /// What turns each version into the next one; the first makes everything.
    private static let migrations: [StaticString] = [v1]
    /// A build of an earlier version goes on with tables of this one, if it knows at least the version that this says.
    private static let oldest = 1

    private static let find = PostgresStatement("schema_find", "SELECT to_regclass('glm_schema') IS NOT NULL")
    private static let version = PostgresStatement("schema_version", "SELECT version, oldest FROM glm_schema")
    // One builder at a time, in the whole database. The lock ends with the transaction, and that with a builder that sleeps.
    private static let begin: StaticString = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '30s'; SELECT pg_advisory_xact_lock(1196182858)"
    private static let note = PostgresStatement("schema_note", "UPDATE glm_schema SET version = $1::bigint, oldest = $2::bigint")

    /// - Throws: `newer` for tables that this build can't go on with.
    static func prepare(_ session: PostgresSession) throws(JobsError) {
        // What its owner has given up ends at the server, too, and holds up nobody.
        try session.run(script: "SET statement_timeout = '30s'")
        guard try current(session) < migrations.count else { return }
        try session.run(script: begin)
        do throws(JobsError) {
            let found = try current(session)
            if found < migrations.count {
                for migration in migrations[found...] { try session.run(script: migration) }
                _ = try session.run(note, [.integer(migrations.count), .integer(oldest)])
            }
            try session.run(script: "COMMIT")
        } catch {
            try? session.run(script: "ROLLBACK")
            throw error
        }
    }

    private static func current(_ session: PostgresSession) throws(JobsError) -> Int {
        guard try session.run(find).first?.flag(0) == true else { return 0 }
        guard let row = try session.run(version).first, let found = try row.integer(0), let oldest = try row.integer(1) else { return 0 }
        guard oldest <= migrations.count else {
            throw JobsError(
                .newer,
                "the jobs in the database are those of a newer build: version \(found), for builds that know \(oldest), this one knows \(migrations.count); "
                    + "start the newer build, or choose another database")
        }
        return Int(found)
    }

    /// Jobs, and one row that says how many there are: whoever changes a job waits for that row last, so nobody waits in a circle.
    private static let v1: StaticString = """
        CREATE TABLE glm_schema (version bigint NOT NULL, oldest bigint NOT NULL);
        INSERT INTO glm_schema VALUES (0, 0);

        -- Milliseconds since 1970: the only clock, whatever those of the hosts say.
        CREATE FUNCTION glm_now() RETURNS bigint LANGUAGE sql VOLATILE
            AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';
        CREATE SEQUENCE glm_lease;

        CREATE TABLE glm_job (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- the order of submission
            id text NOT NULL UNIQUE,
            title text NOT NULL,
            submitter text NOT NULL,
            trace text NOT NULL,
            state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            attempts integer NOT NULL DEFAULT 0,
            submitted bigint NOT NULL,
            began bigint,
            ended bigint CHECK ((ended IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
            request bytea NOT NULL,
            result bytea CHECK ((result IS NOT NULL) = (state = 'done')),
            media text,
            object text,
            failure_code bigint CHECK ((failure_code IS NOT NULL) = (state = 'failed')),
            failure_message text,
            owner text,
            lease bigint CHECK ((lease IS NOT NULL) = (state = 'running')),
            lease_until bigint
        ) WITH (fillfactor = 80);
        -- Images are compressed already.
        ALTER TABLE glm_job ALTER COLUMN request SET STORAGE EXTERNAL, ALTER COLUMN result SET STORAGE EXTERNAL;
        CREATE INDEX glm_job_queued ON glm_job (submitter, number) WHERE state = 'queued';
        CREATE UNIQUE INDEX glm_job_running ON glm_job (lease) WHERE state = 'running';
        CREATE INDEX glm_job_ended ON glm_job (ended) WHERE ended IS NOT NULL;

        CREATE TABLE glm_tally (queued bigint NOT NULL, running bigint NOT NULL, ended bigint NOT NULL, bytes bigint NOT NULL);
        INSERT INTO glm_tally VALUES (0, 0, 0, 0);

        -- Names of channels are the whole database's.
        CREATE FUNCTION glm_channel() RETURNS text LANGUAGE sql STABLE SET search_path FROM CURRENT
            AS 'SELECT ''glm_jobs_'' || left(md5(current_schema()), 8)';
        CREATE FUNCTION glm_job_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
            DECLARE
                was text := CASE WHEN TG_OP = 'INSERT' THEN '' ELSE OLD.state END;
                becomes text := CASE WHEN TG_OP = 'DELETE' THEN '' ELSE NEW.state END;
                bytes_was bigint := CASE WHEN TG_OP = 'INSERT' THEN 0 ELSE octet_length(OLD.request) + coalesce(octet_length(OLD.result), 0) END;
                bytes_now bigint := CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE octet_length(NEW.request) + coalesce(octet_length(NEW.result), 0) END;
            BEGIN
                UPDATE glm_tally SET
                    queued = queued + (becomes = 'queued')::int - (was = 'queued')::int,
                    running = running + (becomes = 'running')::int - (was = 'running')::int,
                    ended = ended + (becomes IN ('done', 'failed', 'cancelled'))::int - (was IN ('done', 'failed', 'cancelled'))::int,
                    bytes = bytes + bytes_now - bytes_was;
                IF TG_OP <> 'DELETE' THEN PERFORM pg_notify(glm_channel(), becomes || ' ' || NEW.id); END IF;
                RETURN NULL;
            END $$;
        CREATE TRIGGER glm_job_changed AFTER INSERT OR UPDATE OF state OR DELETE ON glm_job FOR EACH ROW EXECUTE FUNCTION glm_job_changed();
        """
}
