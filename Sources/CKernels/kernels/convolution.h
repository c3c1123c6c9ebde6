// A convolution as a product: one row of A per output pixel, K = kernel² · in in the order (tap row, tap column, channel).
//
// Each task packs its own pixels, k-block by k-block, straight from the image (zeros outside, upsampling by index), so
// nothing the size of kernel² images is ever stored. The weight was laid out as packed B at load: [k-block][panel][KC][32].

/// Panels of the packed weight are 32 wide for every table; a table with narrower panels takes them in parts.
enum { CONVOLUTION_PANEL = 32 };

typedef struct {
    ck_context *context;
    const ck_convolution_call *call;
    finish_t finish;
    long pixels, depth, k_blocks, panels, task_blocks;
} convolution_t;

/// Elements `k ..< k + steps` of one output pixel's row of A.
INLINE void convolution_row(const ck_convolution_call *call, long pixel, long k, long steps, float *a) {
    long height = call->height * call->upsampling, width = call->width * call->upsampling;
    long top = pixel / call->out_width * call->stride - call->top, left = pixel % call->out_width * call->stride - call->left;
    long tap = k / call->in, channel = k % call->in;
    while (steps > 0) {
        long y = top + tap / call->kernel, x = left + tap % call->kernel;
        long n = call->in - channel < steps ? call->in - channel : steps;
        if (y < 0 || y >= height || x < 0 || x >= width) {
            memset(a, 0, (size_t)n * 4);
        } else {
            if (call->upsampling != 1) y /= call->upsampling, x /= call->upsampling;
            memcpy(a, call->x + (y * call->width + x) * call->in + channel, (size_t)n * 4);
        }
        a += n;
        steps -= n;
        channel = 0;
        tap++;
    }
}

static void convolution_task(void *argument, long begin, long end, int thread) {
    const convolution_t *g = argument;
    const ck_convolution_call *call = g->call;
    enum { PARTS = CONVOLUTION_PANEL / NR };
    float *a = ck_scratch(g->context, thread, THREAD_A, (size_t)g->task_blocks * MR * KC * 4);
    float *all_sums = ck_scratch(g->context, thread, THREAD_SUMS, (size_t)(g->panels * g->task_blocks) * MR * CONVOLUTION_PANEL * 4);
    for (long task = begin; task < end; task++) {
        long pixel = task * g->task_blocks * MR;
        long pixels = g->pixels - pixel < g->task_blocks * MR ? g->pixels - pixel : g->task_blocks * MR;
        long blocks = (pixels + MR - 1) / MR;
        for (long kb = 0; kb < g->k_blocks; kb++) {
            long k = kb * KC, steps = g->depth - k < KC ? g->depth - k : KC;
            for (long i = 0; i < blocks * MR; i++) {
                if (i < pixels) convolution_row(call, pixel + i, k, steps, a + i * KC);
                else memset(a + i * KC, 0, KC * 4);
            }
            for (long panel = 0; panel < g->panels; panel++) {
                const float *b = call->weight + (kb * g->panels + panel) * KC * CONVOLUTION_PANEL;
                for (long part = 0; part < PARTS; part++) {
                    long column = panel * CONVOLUTION_PANEL + part * NR;
                    long columns = call->out - column < NR ? call->out - column : NR;
                    if (columns <= 0) break;
                    float *sums = all_sums + (panel * PARTS + part) * blocks * MR * NR;
                    for (long block = 0; block < blocks; block++) {
                        gemm_block(false, steps, a + block * MR * KC, b + part * KC * NR, sums + block * MR * NR, kb == 0);
                        if (kb + 1 < g->k_blocks) continue;
                        long rows = pixels - block * MR < MR ? pixels - block * MR : MR;
                        finish(&g->finish, sums + block * MR * NR, NR, pixel + block * MR, rows, column, columns);
                    }
                }
            }
        }
    }
}

static void convolution(ck_context *context, const ck_convolution_call *call) {
    convolution_t g = {.context = context, .call = call};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out, call->y, call->out);
    g.pixels = call->out_height * call->out_width;
    g.depth = call->kernel * call->kernel * call->in;
    g.k_blocks = (g.depth + KC - 1) / KC;
    g.panels = (call->out + CONVOLUTION_PANEL - 1) / CONVOLUTION_PANEL;
    // Equal tasks, several for each thread, as large as the second-level cache likes.
    long blocks = (g.pixels + MR - 1) / MR;
    long tasks = (blocks + ROW_BLOCKS - 1) / ROW_BLOCKS;
    tasks = (tasks + 2 * context->threads - 1) / (2 * context->threads) * (2 * context->threads);
    g.task_blocks = (blocks + tasks - 1) / tasks;
    ck_pool_run(context->pool, (blocks + g.task_blocks - 1) / g.task_blocks, 1, convolution_task, &g);
}
