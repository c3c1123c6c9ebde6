// Drives the loader of CANN and the reader of DCMI under the sanitizers, against the stand-in, which is instrumented too: see
// deploy/sanitize.sh. usage: ascend LIBRARY; ASCEND_HOME_PATH leads to the same library under CANN's names.
#include "CAscend.h"
#include "CCards.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ca_api cann;

static void expect(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "ascend: %s: %s\n", what, cann.aclGetRecentErrMsg ? cann.aclGetRecentErrMsg() : "");
    abort();
}

static aclTensor *tensor(int64_t rows, int64_t columns, void **memory) {
    int64_t dims[] = {rows, columns};
    size_t bytes = (size_t)(rows * columns) * sizeof(float);
    expect(cann.aclrtMalloc(memory, bytes, ACL_MEM_MALLOC_HUGE_FIRST) == 0, "no memory");
    float *values = malloc(bytes);
    for (int64_t i = 0; i < rows * columns; i++) values[i] = (float)(i % 7) - 3;
    expect(cann.aclrtMemcpy(*memory, bytes, values, bytes, ACL_MEMCPY_HOST_TO_DEVICE) == 0, "no copy");
    free(values);
    return cann.aclCreateTensor(dims, 2, ACL_FLOAT, NULL, 0, ACL_FORMAT_ND, dims, 2, *memory);
}

typedef aclnnStatus phase2(void *workspace, uint64_t workspaceSize, aclOpExecutor *executor, aclrtStream stream);

static void launch(phase2 *run, uint64_t size, aclOpExecutor *executor, aclrtStream stream, const char *name) {
    void *workspace = NULL;
    if (size) expect(cann.aclrtMalloc(&workspace, size, ACL_MEM_MALLOC_HUGE_FIRST) == 0, name);
    expect(run(workspace, size, executor, stream) == 0, name);
    expect(cann.aclrtSynchronizeStreamWithTimeout(stream, -1) == 0, name);
    if (workspace) cann.aclrtFree(workspace);
}

/// Products, rows and elements of every odd size around a vector's width.
static void operators(aclrtStream stream) {
    for (int64_t n = 1; n < 40; n += 3) {
        void *memory[3];
        aclTensor *a = tensor(n, n + 1, &memory[0]), *b = tensor(n + 1, n, &memory[1]), *c = tensor(n, n, &memory[2]);
        uint64_t size = 0;
        aclOpExecutor *executor = NULL;
        expect(cann.aclnnMatmulGetWorkspaceSize(a, b, c, 1, &size, &executor) == 0, "matmul");
        launch(cann.aclnnMatmul, size, executor, stream, "matmul");
        expect(cann.aclnnSoftmaxGetWorkspaceSize(c, -1, c, &size, &executor) == 0, "softmax");
        launch(cann.aclnnSoftmax, size, executor, stream, "softmax");
        expect(cann.aclnnSiluGetWorkspaceSize(c, c, &size, &executor) == 0, "silu");
        launch(cann.aclnnSilu, size, executor, stream, "silu");
        expect(cann.aclnnMulGetWorkspaceSize(c, c, c, &size, &executor) == 0, "mul");
        launch(cann.aclnnMul, size, executor, stream, "mul");
        expect(cann.aclnnMatmulGetWorkspaceSize(a, a, c, 1, &size, &executor) != 0, "a product of other sizes is taken");
        aclTensor *all[] = {a, b, c};
        for (int i = 0; i < 3; i++) {
            cann.aclDestroyTensor(all[i]);
            cann.aclrtFree(memory[i]);
        }
    }
}

static void cards(const char *library) {
    struct ccards_card found[4];
    char reason[64];
    expect(ccards_read(library, found, 4, reason, sizeof reason) == 4, "DCMI does not tell of four dies");
    expect(ccards_power(library, 0, 0) == 913, "DCMI does not tell the power");
    expect(ccards_power(library, 9, 0) == -1 && ccards_power("/none/libdcmi.so", 0, 0) == -1, "a die that is not there takes power");
    expect(ccards_read(library, found, 1, reason, sizeof reason) == 1, "more cards than there is room for");
    expect(ccards_read("/none/libdcmi.so", found, 4, reason, sizeof reason) == CCARDS_NO_LIBRARY, "a library that is not there is read");
    expect(ccards_read("libm.so.6", found, 4, reason, sizeof reason) == CCARDS_FAILED, "a library without DCMI's names is read");
}

/* Not of the loader's: a stage ends without. */
static void end(void) {
    void *all = dlopen(NULL, RTLD_LAZY);
    int32_t (*reset)(int32_t) = (int32_t (*)(int32_t))dlsym(all, "aclrtResetDevice");
    int32_t (*finalize)(void) = (int32_t (*)(void))dlsym(all, "aclFinalize");
    expect(reset && finalize && reset(0) == 0 && finalize() == 0, "CANN does not end");
}

int main(int count, char **arguments) {
    expect(count == 2, "usage: ascend LIBRARY");
    setenv("STANDIN_DEVICES", "8", 1);
    setenv("ASCEND_OPP_PATH", "/opp", 1);
    cards(arguments[1]);
    char reason[256];
    if (!ca_load(&cann, reason, sizeof reason)) {
        fprintf(stderr, "ascend: %s\n", reason);
        abort();
    }
    expect(cann.aclInit(NULL) == 0 && cann.aclrtSetDevice(0) == 0, "CANN does not begin");
    aclrtContext context = NULL;
    expect(cann.aclrtGetCurrentContext(&context) == 0 && ca_enter(&cann, context) == 0 && ca_enter(&cann, context) == 0, "no context");
    aclrtStream stream = NULL;
    expect(cann.aclrtCreateStreamWithConfig(&stream, 0, ACL_STREAM_FAST_LAUNCH) == 0, "no stream");
    operators(stream);
    expect(cann.aclrtDestroyStream(stream) == 0, "the stream does not end");
    end();
    puts("ascend: nothing found");
}
