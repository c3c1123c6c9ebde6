#include "pool.h"
#include "memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/// How often a worker looks for the next loop before it sleeps: some 30 µs, longer than the gaps between a layer's operations.
enum { SPINS = 1000 };

struct ck_pool {
    int threads;
    pthread_t *workers;

    // The loop. `generation` is odd while it is open; its fields change only while it is closed and nobody has joined.
    _Alignas(64) atomic_uint generation;
    ck_body *body;
    void *context;
    long count, grain;

    _Alignas(64) atomic_long next;
    _Alignas(64) atomic_int joined;

    // Sleepers wait here for an open generation or the end.
    _Alignas(64) atomic_int sleepers;
    atomic_bool ending;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

struct start {
    ck_pool *pool;
    int thread;
};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void run_chunks(ck_pool *pool, int thread) {
    long count = pool->count, grain = pool->grain;
    for (;;) {
        long begin = atomic_fetch_add_explicit(&pool->next, grain, memory_order_relaxed);
        if (begin >= count) return;
        pool->body(pool->context, begin, begin + grain < count ? begin + grain : count, thread);
    }
}

/// Sleeps unless a loop other than `seen` is open already. The submitter opens first and counts sleepers after; we count
/// ourselves first and look after: one of us sees the other.
static void sleep_until_open(ck_pool *pool, unsigned seen) {
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    for (;;) {
        unsigned now = atomic_load(&pool->generation);
        if (((now & 1) && now != seen) || atomic_load(&pool->ending)) break;
        pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    ck_pool *pool = start.pool;
    unsigned seen = 0;
    int spins = 0;
    while (!atomic_load(&pool->ending)) {
        unsigned now = atomic_load(&pool->generation);
        if (!(now & 1) || now == seen) {
            if (++spins < SPINS) {
                relax();
            } else {
                sleep_until_open(pool, seen);
                spins = 0;
            }
            continue;
        }
        seen = now;
        spins = 0;
        // Join, then make sure that the loop is still open: the submitter closes first and looks for joined workers after.
        atomic_fetch_add(&pool->joined, 1);
        if (atomic_load(&pool->generation) == now) run_chunks(pool, start.thread);
        atomic_fetch_sub(&pool->joined, 1);
    }
    return NULL;
}

ck_pool *ck_pool_create(int threads) {
    size_t size = (sizeof(ck_pool) + 63) / 64 * 64;
    ck_pool *pool = ck_require(aligned_alloc(64, size), size, "a pool of threads");
    pool->threads = threads < 1 ? 1 : threads;
    atomic_init(&pool->generation, 0);
    atomic_init(&pool->next, 0);
    atomic_init(&pool->joined, 0);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->ending, false);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->workers = ck_require(calloc((size_t)pool->threads, sizeof(pthread_t)), (size_t)pool->threads * sizeof(pthread_t), "a pool's threads");
    int started = 1;
    for (; started < pool->threads; started++) {
        struct start *start = ck_require(malloc(sizeof(struct start)), sizeof(struct start), "the start of a thread");
        *start = (struct start){pool, started};
        if (pthread_create(&pool->workers[started], NULL, work, start) != 0) {
            free(start);
            break;
        }
    }
    pool->threads = started;
    return pool;
}

void ck_pool_destroy(ck_pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->ending, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int thread = 1; thread < pool->threads; thread++) pthread_join(pool->workers[thread], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool);
}

int ck_pool_threads(const ck_pool *pool) { return pool->threads; }

void ck_pool_run(ck_pool *pool, long count, long grain, ck_body *body, void *context) {
    if (count <= 0) return;
    if (grain < 1) grain = 1;
    if (pool->threads == 1 || count <= grain) {
        for (long begin = 0; begin < count; begin += grain) {
            body(context, begin, begin + grain < count ? begin + grain : count, 0);
        }
        return;
    }
    pool->body = body;
    pool->context = context;
    pool->count = count;
    pool->grain = grain;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleepers) > 0) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->mutex);
    }
    run_chunks(pool, 0);
    atomic_fetch_add(&pool->generation, 1);
    // A worker may have been descheduled inside its chunk: after a while give it our core.
    for (int spins = 0; atomic_load(&pool->joined) > 0; spins++) {
        if (spins < SPINS) relax();
        else sched_yield();
    }
}
