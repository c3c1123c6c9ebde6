// Collectives: queued on the caller's stream, and done when every rank's stream has come to them. What differs between ranks ends the process;
// hardware would wait for ever, or mix memory up.
#include "communicators.h"

#include <stdlib.h>
#include <string.h>

typedef enum { ALL_TO_ALL, ALL_REDUCE } kind;
static const char *const names[] = {"HcclAlltoAll", "HcclAllReduce"};

struct si_collective {
    si_communicator *communicator;
    uint64_t number;
    kind kind;
    uint64_t count;                 /* elements: of a part, or of all */
    HcclDataType type;
    const uint8_t *send;
    uint8_t *receive;
};

/* 0 for types that have none here. */
static size_t element_bytes(HcclDataType type) {
    switch (type) {
    case HCCL_DATA_TYPE_INT8: case HCCL_DATA_TYPE_UINT8: return 1;
    case HCCL_DATA_TYPE_FP16: case HCCL_DATA_TYPE_BFP16: return 2;
    case HCCL_DATA_TYPE_INT32: case HCCL_DATA_TYPE_FP32: return 4;
    case HCCL_DATA_TYPE_INT64: return 8;
    }
    return 0;
}

static void expect_alike(const si_collective *a, const si_collective *b) {
    if (a->kind == b->kind && a->count == b->count && a->type == b->type) return;
    si_die("collective %llu: rank %d queued %s of %llu elements of type %d, rank %d %s of %llu elements of type %d", (unsigned long long)a->number,
           a->communicator->rank, names[a->kind], (unsigned long long)a->count, (int)a->type, b->communicator->rank, names[b->kind],
           (unsigned long long)b->count, (int)b->type);
}

static void all_to_all(const si_round *round, int size, size_t part) {
    for (int to = 0; to < size; to++)
        for (int from = 0; from < size; from++)
            memcpy(round->calls[to]->receive + (size_t)from * part, round->calls[from]->send + (size_t)to * part, part);
}

/* In the order of the ranks. In place is allowed, so nothing is written before all is read. */
static void all_reduce(const si_round *round, int size, size_t count) {
    float *sum = calloc(count, sizeof *sum);
    for (int rank = 0; rank < size; rank++) {
        const float *term = (const float *)round->calls[rank]->send;
        for (size_t i = 0; i < count; i++) sum[i] = rank ? sum[i] + term[i] : term[i];
    }
    for (int rank = 0; rank < size; rank++) memcpy(round->calls[rank]->receive, sum, count * sizeof *sum);
    free(sum);
}

static aclError run(si_stream *own, void *payload) {
    const si_collective *call = payload;
    si_communicator *c = call->communicator;
    struct timespec deadline = si_deadline(si_collective_patience());
    si_lock();
    si_round *round = &c->group->rounds[call->number % 2];
    if (!round->arrived || round->number != call->number) *round = (si_round){.number = call->number};
    for (int rank = 0; rank < c->group->size; rank++)
        if (round->calls[rank]) expect_alike(round->calls[rank], call);
    round->calls[c->rank] = call;
    if (++round->arrived == c->group->size) {
        if (call->kind == ALL_TO_ALL) all_to_all(round, c->group->size, (size_t)call->count * element_bytes(call->type));
        else all_reduce(round, c->group->size, (size_t)call->count);
        round->done = true;
        si_changed();
    }
    bool late = false;
    while (!round->done && !own->aborting && !late) late = !si_wait(&deadline) && !round->done;
    if (!round->done) {             /* the call goes, and with it what the others would compare with */
        round->calls[c->rank] = NULL;
        round->arrived--;
    }
    c->ended = call->number;
    si_unlock();
    return late ? si_fail(107020, "EI0002: rank %d: %s has waited for other ranks for HCCL_EXEC_TIMEOUT", c->rank, names[call->kind]) : 0;
}

static HcclResult queue(si_collective call, size_t bytes, HcclComm handle, aclrtStream stream) {
    const char *name = names[call.kind];
    si_lock();
    si_communicator *c = si_communicator_expect(handle, name);
    si_stream *found;
    HcclResult result = si_stream_of(stream, &found) ? HCCL_E_PARA : HCCL_SUCCESS;
    if (!result && found->device != c->device) result = (HcclResult)si_fail(HCCL_E_PARA, "%s: the communicator is of device %d, the stream of %d", name, c->device, found->device);
    if (!result) {
        si_access reads = {call.send, bytes, false}, writes = {call.receive, bytes, true};
        si_block_expect(call.send, bytes, c->device, name);
        si_block_expect(call.receive, bytes, c->device, name);
        if (((uintptr_t)call.send | (uintptr_t)call.receive) % element_bytes(call.type)) si_die("%s: a buffer is not aligned to its elements", name);
        si_access_check(reads, si_stream_clock(found->id), found->id, name);
        si_access_check(writes, si_stream_clock(found->id), found->id, name);
        si_collective *queued = malloc(sizeof *queued);
        *queued = call;
        queued->communicator = c;
        queued->number = ++c->queued;
        queued->send = si_readable(call.send);
        queued->receive = si_readable(call.receive);
        if (si_stream_push(found, (si_task){.run = run, .release = free, .payload = queued})) result = HCCL_E_INTERNAL;
        si_access_note(reads, found->id, found->issued);
        si_access_note(writes, found->id, found->issued);
    }
    si_unlock();
    return result;
}

HcclResult HcclAlltoAll(const void *sendBuf, uint64_t sendCount, HcclDataType sendType, const void *recvBuf, uint64_t recvCount, HcclDataType recvType, HcclComm comm, aclrtStream stream) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (!sendBuf || !recvBuf || !comm || !stream) return (HcclResult)si_fail(HCCL_E_PTR, "HcclAlltoAll: an argument is NULL");
    if (sendBuf == recvBuf) return (HcclResult)si_fail(HCCL_E_PARA, "HcclAlltoAll: sendBuf is recvBuf");
    if (sendCount != recvCount || sendType != recvType) return (HcclResult)si_fail(HCCL_E_PARA, "HcclAlltoAll: sends %llu of type %d, receives %llu of type %d", (unsigned long long)sendCount, (int)sendType, (unsigned long long)recvCount, (int)recvType);
    if (!element_bytes(sendType)) return (HcclResult)si_fail(HCCL_E_NOT_SUPPORT, "HcclAlltoAll: type %d", (int)sendType);
    si_lock();
    int size = si_communicator_expect(comm, __func__)->group->size;
    si_unlock();
    si_collective call = {.kind = ALL_TO_ALL, .count = sendCount, .type = sendType, .send = sendBuf, .receive = (void *)(uintptr_t)recvBuf};
    return queue(call, (size_t)size * sendCount * element_bytes(sendType), comm, stream);
}

HcclResult HcclAllReduce(void *sendBuf, void *recvBuf, uint64_t count, HcclDataType dataType, HcclReduceOp op, HcclComm comm, aclrtStream stream) {
    if (si_enter(__func__)) return HCCL_E_UNAVAIL;
    if (!sendBuf || !recvBuf || !comm || !stream) return (HcclResult)si_fail(HCCL_E_PTR, "HcclAllReduce: an argument is NULL");
    if (op != HCCL_REDUCE_SUM || dataType != HCCL_DATA_TYPE_FP32) return (HcclResult)si_fail(HCCL_E_NOT_SUPPORT, "HcclAllReduce: operation %d of type %d", (int)op, (int)dataType);
    si_collective call = {.kind = ALL_REDUCE, .count = count, .type = dataType, .send = sendBuf, .receive = recvBuf};
    return queue(call, (size_t)count * sizeof(float), comm, stream);
}

static const struct ca_hccl functions = {
#define CA_FUNCTION(need, result, name, parameters) .name = name,
    CA_HCCL(CA_FUNCTION)
};

const struct ca_hccl *standin_hccl(void) { return &functions; }
