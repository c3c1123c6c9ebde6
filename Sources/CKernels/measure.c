// Measured limits of the machine, for the benchmark to compare with.

#include "context.h"

#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const ck_table *table;
    bool bf16;
    const char *memory;
    size_t bytes;
    _Atomic int sink;
} measure_t;

/// Windows of a millisecond or so, of which the best counts: on a shared machine most are disturbed.
enum { ROUNDS = 200, READ_CHUNK = 1 << 20, READ_WINDOW = 32 };

static void multiply(void *argument, long begin, long end, int thread) {
    (void)thread;
    measure_t *g = argument;
    for (long i = begin; i < end; i++) g->table->product_flops(g->bf16, ROUNDS);
}

static void read_chunks(void *argument, long begin, long end, int thread) {
    (void)thread;
    measure_t *g = argument;
    for (long i = begin; i < end; i++) {
        size_t from = (size_t)i * READ_CHUNK, left = g->bytes - from;
        if (g->table->read_sum(g->memory + from, left < READ_CHUNK ? left : READ_CHUNK) != 0) g->sink = 1;
    }
}

double ck_measure_product_rate(ck_context *context, bool bf16, double seconds) {
    measure_t g = {.table = context->table, .bf16 = bf16 && context->table->bf16};
    double per_item = g.table->product_flops(g.bf16, ROUNDS), best = 0, start = now();
    long items = 8 * context->threads;
    do {
        double begin = now();
        ck_pool_run(context->pool, items, 1, multiply, &g);
        double rate = per_item * (double)items / (now() - begin) * 1e-9;
        best = rate > best ? rate : best;
    } while (now() - start < seconds);
    return best;
}

double ck_measure_read_rate(ck_context *context, const void *memory, size_t bytes, int rounds) {
    double best = 0;
    for (int round = 0; round < rounds; round++) {
        for (size_t from = 0; from < bytes; from += (size_t)READ_WINDOW * READ_CHUNK) {
            size_t left = bytes - from, window = left < (size_t)READ_WINDOW * READ_CHUNK ? left : (size_t)READ_WINDOW * READ_CHUNK;
            measure_t g = {.table = context->table, .memory = (const char *)memory + from, .bytes = window};
            double begin = now();
            ck_pool_run(context->pool, (long)((window + READ_CHUNK - 1) / READ_CHUNK), 1, read_chunks, &g);
            double rate = (double)window / (now() - begin) * 1e-9;
            best = rate > best ? rate : best;
        }
    }
    return best;
}
