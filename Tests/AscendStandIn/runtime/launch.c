// Phase 2: judges the executor, its tensors and the workspace, copies all of it, and queues.
#include "executor.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const si_operator *op;
    void *args;
    aclTensor *copies;
    const aclTensor **tensors;
    int inputs, outputs, determinism;
    void *workspace;
    uint64_t workspace_size;
} launch;

static void release(void *payload) {
    launch *l = payload;
    free(l->args);
    free(l->copies);
    free(l->tensors);
    free(l);
}

/* Scribbles over the workspace first: what else was kept there is gone. */
static aclError run(si_stream *stream, void *payload) {
    (void)stream;
    launch *l = payload;
    if (l->workspace) memset(l->workspace, STANDIN_NEW, l->workspace_size);
    aclError error = l->op->run(&(si_run){l->args, l->tensors, l->tensors + l->inputs, l->inputs, l->outputs, l->determinism, l->workspace, l->workspace_size});
    for (int i = l->inputs; i < l->inputs + l->outputs; i++)
        if (l->tensors[i]) si_spoil(l->op->name, l->tensors[i]);
    si_lock();
    for (int i = l->inputs; i < l->inputs + l->outputs; i++) {
        if (!l->tensors[i] || !si_count(l->tensors[i])) continue;
        si_block_check_guard(si_block_at(l->tensors[i]->address, l->op->name), l->op->name);
    }
    si_unlock();
    return error;
}

static void expect_same(si_held_reference reference, const char *op) {
    if (si_object_kind(reference.object) == SI_NO_KIND || si_object_generation(reference.object) != reference.generation)
        si_die("%s: something that phase 1 was given is destroyed before phase 2 returned", op);
}

static aclnnStatus check_workspace(const aclOpExecutor *executor, const void *workspace, uint64_t size) {
    const char *op = executor->op->name;
    if (size < executor->workspace && executor->op->generated)
        return si_fail(161002, "%s: a workspace of %llu bytes, phase 1 asked for %llu", op, (unsigned long long)size, (unsigned long long)executor->workspace);
    if (size < executor->workspace)
        si_die("%s: a workspace of %llu bytes, phase 1 asked for %llu", op, (unsigned long long)size, (unsigned long long)executor->workspace);
    if (!executor->workspace) return 0;
    if ((uintptr_t)workspace % 32) si_die("%s: the workspace %p is not aligned to 32 bytes", op, workspace);
    si_block_expect(workspace, size, executor->device, op);
    for (int i = 0; i < executor->inputs + executor->outputs; i++) {
        const aclTensor *tensor = executor->slots[i].tensor.object;
        if (!tensor) continue;
        si_access access = si_tensor_access(tensor, false);
        uintptr_t from = (uintptr_t)access.address, start = (uintptr_t)workspace;
        if (from < start + executor->workspace && start < from + access.bytes) si_die("%s: the workspace overlaps tensor %d", op, i);
    }
    return 0;
}

static void check_tensors(const aclOpExecutor *executor) {
    const char *op = executor->op->name;
    for (int i = 0; i < executor->n_kept; i++) expect_same(executor->kept[i], op);
    for (int i = 0; i < executor->inputs + executor->outputs; i++) {
        const aclTensor *tensor = executor->slots[i].tensor.object;
        if (!tensor) continue;
        expect_same(executor->slots[i].tensor, op);
        if (tensor->address != executor->slots[i].address) si_die("%s: the address of tensor %d changed since phase 1, and not through aclSetInputTensorAddr or aclSetOutputTensorAddr", op, i);
        si_tensor_check_memory(tensor, executor->device, op);
    }
}

static launch *copied(const aclOpExecutor *executor, const void *workspace) {
    int count = executor->inputs + executor->outputs;
    launch *l = malloc(sizeof *l);
    *l = (launch){.op = executor->op, .inputs = executor->inputs, .outputs = executor->outputs, .determinism = executor->determinism, .workspace_size = executor->workspace};
    l->workspace = executor->workspace ? si_readable(workspace) : NULL;
    l->args = malloc(executor->args_size + 1);
    memcpy(l->args, executor->args, executor->args_size);
    l->copies = malloc(((size_t)count + 1) * sizeof *l->copies);
    l->tensors = malloc(((size_t)count + 1) * sizeof *l->tensors);
    for (int i = 0; i < count; i++) {
        const aclTensor *tensor = executor->slots[i].tensor.object;
        l->tensors[i] = tensor ? &l->copies[i] : NULL;
        if (!tensor) continue;
        l->copies[i] = *tensor;
        l->copies[i].data = (uint8_t *)si_readable(tensor->address) + (size_t)tensor->offset * si_size(tensor->dtype);
    }
    return l;
}

static void each_access(const aclOpExecutor *executor, const void *workspace, si_stream *stream, bool note) {
    for (int i = -1; i < executor->inputs + executor->outputs; i++) {
        const aclTensor *tensor = i < 0 ? NULL : executor->slots[i].tensor.object;
        if (i >= 0 && !tensor) continue;
        si_access access = i < 0 ? (si_access){workspace, executor->workspace, true} : si_tensor_access(tensor, i >= executor->inputs);
        if (note && si_captures(stream)) si_capture_access(stream, access);
        else if (note) si_access_note(access, stream->id, stream->issued);
        else si_access_check(access, si_stream_clock(stream->id), stream->id, executor->op->name);
    }
}

static aclnnStatus enqueue(aclOpExecutor *executor, void *workspace, uint64_t size, aclrtStream handle) {
    if (!workspace && size) return si_fail(161001, "%s: workspace is NULL, workspaceSize %llu", executor->op->name, (unsigned long long)size);
    si_stream *stream;
    if (si_stream_of(handle, &stream)) return 361001;
    if (stream->device != executor->device) si_die("%s: phase 1 on device %d, phase 2 on device %d", executor->op->name, executor->device, stream->device);
    check_tensors(executor);
    SI_TRY(check_workspace(executor, workspace, size));
    bool records = si_captures(stream);
    if (!records) each_access(executor, workspace, stream, false);
    si_task task = {.run = run, .payload = copied(executor, workspace), .release = release, .fate = records ? SI_FATE_NONE : si_next_fate()};
    aclError error = records ? si_capture_task(stream, executor->op->name, task, true) : si_stream_push(stream, task);
    each_access(executor, workspace, stream, true);
    return error;
}

aclnnStatus si_launch(const char *phase2, void *workspace, uint64_t size, aclOpExecutor *executor, aclrtStream stream) {
    si_count_call();
    if (!executor) return si_fail(161001, "%s: executor is NULL", phase2);
    si_lock();
    si_object_expect(executor, SI_EXECUTOR, phase2);
    if (strcmp(executor->op->name, phase2)) si_die("%s was given the executor of %s", phase2, executor->op->name);
    aclnnStatus status = enqueue(executor, workspace, size, stream);
    if (!executor->repeatable) si_executor_free(executor, "consumed by phase 2");
    si_unlock();
    return status;
}
