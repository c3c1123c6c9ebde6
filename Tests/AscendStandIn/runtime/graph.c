// Replays. A recorded task reads and writes where it did, whatever lies there now; what has been freed since is found here, and what is
// freed under a recording is found by aclrtFree.
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>

si_graph *si_graph_new(int device) {
    si_graph *graph = si_object_new(SI_GRAPH);
    *graph = (si_graph){.device = device, .stream = -1};
    return graph;
}

void si_graph_add(si_graph *graph, si_node node) {
    if (graph->count == graph->capacity) {
        graph->capacity = graph->capacity ? 2 * graph->capacity : 64;
        graph->nodes = realloc(graph->nodes, graph->capacity * sizeof *graph->nodes);
    }
    graph->nodes[graph->count++] = node;
}

void si_graph_use(si_graph *graph, si_access access) {
    if (!access.bytes) return;
    if (graph->used == graph->room) {
        graph->room = graph->room ? 2 * graph->room : 256;
        graph->uses = realloc(graph->uses, graph->room * sizeof *graph->uses);
    }
    graph->uses[graph->used++] = (si_use){access, graph->count - 1};
}

void si_graph_free(si_graph *graph, const char *how) {
    for (size_t i = 0; i < graph->count; i++)
        if (graph->nodes[i].task.release) graph->nodes[i].task.release(graph->nodes[i].task.payload);
    free(graph->nodes);
    free(graph->uses);
    si_object_destroy(graph, how);
}

void si_graph_drop(void *graph) { si_graph_free(graph, "destroyed by aclFinalize"); }

static const si_block *freed;
static const char *freeing;

static void check_use(void *object) {
    const si_graph *graph = object;
    for (size_t i = 0; i < graph->used; i++) {
        uintptr_t at = (uintptr_t)graph->uses[i].access.address;
        if (at < freed->start || at - freed->start >= freed->size) continue;
        si_die("%s of a block of %zu bytes that the recorded %s uses: its recording is not destroyed", freeing, freed->size, graph->nodes[graph->uses[i].node].name);
    }
}

void si_graph_check_free(const si_block *block, const char *function) {
    freed = block;
    freeing = function;
    si_object_each(SI_GRAPH, check_use);
}

static aclError replay(si_graph *graph, si_stream *stream) {
    size_t use = 0;
    aclError error = 0;
    for (size_t i = 0; i < graph->count; i++) {
        const si_node *node = &graph->nodes[i];
        char where[96];
        snprintf(where, sizeof where, "a replay's %s", node->name);
        size_t first = use;
        for (; use < graph->used && graph->uses[use].node == i; use++) {
            si_block_at(graph->uses[use].access.address, where);
            si_access_check(graph->uses[use].access, si_stream_clock(stream->id), stream->id, where);
        }
        /* The payload stays the recording's. */
        si_task task = {.run = node->task.run, .payload = node->task.payload, .fate = node->is_operator ? si_next_fate() : SI_FATE_NONE};
        error = si_stream_push(stream, task);
        if (error) break;               /* the stream has stopped and said so: nothing more may be queued */
        for (size_t k = first; k < use; k++) si_access_note(graph->uses[k].access, stream->id, stream->issued);
    }
    graph->stream = stream->id;
    graph->number = stream->issued;
    return error;
}

aclError aclmdlRIExecuteAsync(aclmdlRI modelRI, aclrtStream stream) {
    SI_ENTER();
    if (!modelRI) return si_fail(100000, "aclmdlRIExecuteAsync: modelRI is NULL");
    si_lock();
    si_object_expect(modelRI, SI_GRAPH, __func__);
    si_graph *graph = modelRI;
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error && found->device != graph->device) error = si_fail(107003, "aclmdlRIExecuteAsync: recorded on device %d, the stream is of %d", graph->device, found->device);
    if (!error && si_captures(found)) error = si_fail(107027, "aclmdlRIExecuteAsync: the stream records");
    if (!error) error = replay(graph, found);
    si_unlock();
    return error;
}

aclError aclmdlRIDestroy(aclmdlRI modelRI) {
    SI_ENTER();
    if (!modelRI) return si_fail(100000, "aclmdlRIDestroy: modelRI is NULL");
    si_lock();
    si_object_expect(modelRI, SI_GRAPH, __func__);
    si_graph *graph = modelRI;
    if (graph->stream >= 0 && si_known.ended[graph->stream] < graph->number && !si_device_state(graph->device))
        si_die("aclmdlRIDestroy: a replay may still run: nothing waited for it");
    si_graph_free(graph, "destroyed");
    si_unlock();
    return 0;
}
