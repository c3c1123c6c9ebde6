// Phase 1's result: its life from si_plan to phase 2, or to aclDestroyAclOpExecutor.
#include "executor.h"

#include <stdlib.h>
#include <string.h>

static si_held_reference hold(const void *object) { return (si_held_reference){object, object ? si_object_generation(object) : 0}; }

static void *copied(const void *bytes, size_t size) {
    void *copy = malloc(size + 1);
    if (size) memcpy(copy, bytes, size);
    return copy;
}

aclnnStatus si_plan(const si_operator *op, const void *args, size_t args_size, const aclTensor *const *inputs, int n_inputs,
                    const aclTensor *const *outputs, int n_outputs, const void *const *kept, int n_kept, uint64_t workspace,
                    uint64_t *workspace_size, aclOpExecutor **executor) {
    si_count_call();
    if (!workspace_size || !executor) return si_fail(161001, "%s: workspaceSize or executor is NULL", op->name);
    const char *path = getenv("ASCEND_OPP_PATH");
    if (!path || !*path) return si_fail(561107, "%s: ASCEND_OPP_PATH is not set", op->name);
    si_context *context;
    if (si_current(&context)) return 361001;
    const aclTensor *first = n_inputs ? inputs[0] : NULL;
    if (first && first->rank && si_configured_refused(op->name, first->dims[0]))
        return si_fail(161002, "%s: the configured refusal of %lld rows", op->name, (long long)first->dims[0]);
    si_lock();
    si_plans_on_this_thread(context->device);
    aclOpExecutor *made = si_object_new(SI_EXECUTOR);
    *made = (aclOpExecutor){.op = op, .device = context->device, .args = copied(args, args_size), .args_size = args_size, .inputs = n_inputs, .outputs = n_outputs, .workspace = workspace};
    made->slots = malloc(((size_t)(n_inputs + n_outputs) + 1) * sizeof *made->slots);
    for (int i = 0; i < n_inputs + n_outputs; i++) {
        const aclTensor *tensor = i < n_inputs ? inputs[i] : outputs[i - n_inputs];
        made->slots[i] = (si_slot){hold(tensor), tensor ? tensor->address : NULL};
    }
    made->kept = malloc(((size_t)n_kept + 1) * sizeof *made->kept);
    for (int i = 0; i < n_kept; i++)
        if (kept[i]) made->kept[made->n_kept++] = hold(kept[i]);
    made->determinism = si_determinism(context);
    si_plan_cache_take(made);
    si_unlock();
    *workspace_size = workspace;
    *executor = made;
    return 0;
}

bool si_repeatable(const aclOpExecutor *executor) {
    bool strided = false;
    for (int i = executor->inputs; i < executor->inputs + executor->outputs; i++) {
        const aclTensor *output = executor->slots[i].tensor.object;
        if (output && !si_contiguous(output)) strided = true;
    }
    return !si_configured_unrepeatable(executor->op->name, strided);
}

void si_executor_free(aclOpExecutor *executor, const char *how) {
    free(executor->args);
    free(executor->slots);
    free(executor->kept);
    si_object_destroy(executor, how);
}

aclnnStatus aclSetAclOpExecutorRepeatable(aclOpExecutor *executor) {
    si_count_call();
    if (!executor) return si_fail(161001, "aclSetAclOpExecutorRepeatable: executor is NULL");
    si_lock();
    si_object_expect(executor, SI_EXECUTOR, __func__);
    const char *op = executor->op->name;
    bool keeps = si_repeatable(executor), cached = executor->cached;
    if (keeps && !cached) {
        executor->repeatable = true;
        si_plan_cache_forget(executor);
    }
    si_unlock();
    if (!keeps) return si_fail(561000, "%s can't be repeated", op);
    return cached ? si_fail(561000, "%s can't be marked: the plan came out of the cache, for this thread had planned the same before", op) : 0;
}

aclnnStatus aclDestroyAclOpExecutor(aclOpExecutor *executor) {
    si_count_call();
    if (!executor) return si_fail(161001, "aclDestroyAclOpExecutor: executor is NULL");
    si_lock();
    si_object_expect(executor, SI_EXECUTOR, __func__);
    si_executor_free(executor, "destroyed");
    si_unlock();
    return 0;
}

static aclnnStatus set_address(aclOpExecutor *executor, size_t index, bool output, aclTensor *tensor, void *addr, const char *where) {
    si_count_call();
    if (!executor || !tensor || !addr) return si_fail(161001, "%s: an argument is NULL", where);
    si_lock();
    si_object_expect(executor, SI_EXECUTOR, where);
    si_object_expect(tensor, SI_TENSOR, where);
    if (!executor->repeatable) si_die("%s: the executor of %s is not repeatable", where, executor->op->name);
    if (index >= (size_t)(output ? executor->outputs : executor->inputs)) si_die("%s: %s has no tensor %zu there", where, executor->op->name, index);
    si_slot *slot = &executor->slots[(output ? (size_t)executor->inputs : 0) + index];
    if (slot->tensor.object != tensor || slot->tensor.generation != si_object_generation(tensor)) si_die("%s: tensor %zu of %s is another one", where, index, executor->op->name);
    slot->address = tensor->address = addr;
    si_unlock();
    return 0;
}

aclnnStatus aclSetInputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *addr) {
    return set_address(executor, index, false, tensor, addr, __func__);
}

aclnnStatus aclSetOutputTensorAddr(aclOpExecutor *executor, const size_t index, aclTensor *tensor, void *addr) {
    return set_address(executor, index, true, tensor, addr, __func__);
}
