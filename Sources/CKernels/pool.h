/// A pool of threads that runs one parallel loop at a time.
///
/// Chunks are handed out by an atomic counter, and whoever submits waits only for workers that have joined the loop: a
/// worker that the system has descheduled costs nothing, because the others take its share.
#pragma once

/// Runs the indices `begin ..< end` as thread number `thread` (0 is the submitter).
typedef void ck_body(void *context, long begin, long end, int thread);
typedef struct ck_pool ck_pool;

/// As many threads as the system allows, at most `threads`, the caller's among them; see ck_pool_threads.
ck_pool *ck_pool_create(int threads);
void ck_pool_destroy(ck_pool *pool);
int ck_pool_threads(const ck_pool *pool);
/// Runs `body` over `0 ..< count` in chunks of `grain`. Must not be called from inside a body, nor from two threads at once.
void ck_pool_run(ck_pool *pool, long count, long grain, ck_body *body, void *context);
