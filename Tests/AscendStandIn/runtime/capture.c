// Recording in place of running: from Begin to End what a stream is given is kept, and calls that wait, ask, allocate or copy at once
// are refused and spoil the recording.
#include "graph.h"

enum { GLOBAL = ACL_MODEL_RI_CAPTURE_MODE_GLOBAL, RELAXED = ACL_MODEL_RI_CAPTURE_MODE_RELAXED };

typedef struct {
    si_graph *graph;                /* NULL while the stream of this id doesn't record */
    pthread_t thread;
    int mode;
    bool invalid;
} capture;

static capture captures[SI_STREAMS];

bool si_captures(const si_stream *stream) { return captures[stream->id].graph; }

aclError si_capture_task(si_stream *stream, const char *name, si_task task, bool is_operator) {
    capture *c = &captures[stream->id];
    if (c->invalid) {
        if (task.release) task.release(task.payload);
        return si_fail(507903, "%s: the recording is invalid", name);
    }
    si_graph_add(c->graph, (si_node){name, task, is_operator});
    return 0;
}

void si_capture_access(si_stream *stream, si_access access) {
    if (!captures[stream->id].invalid) si_graph_use(captures[stream->id].graph, access);
}

aclError si_capture_forbid(const si_stream *stream, bool waits, const char *function) {
    if (stream && si_captures(stream)) {
        captures[stream->id].invalid = true;
        return si_fail(107027, "EE9999: %s: the stream records", function);
    }
    aclError error = 0;
    for (int id = 0; id < SI_STREAMS; id++) {
        capture *c = &captures[id];
        bool concerned = c->graph && (c->mode == GLOBAL || pthread_equal(c->thread, pthread_self()));
        if (!concerned || (!waits && c->mode == RELAXED)) continue;
        c->invalid = true;
        error = si_fail(107041, "EE9999: %s while a stream records", function);
    }
    return error;
}

aclError aclmdlRICaptureBegin(aclrtStream stream, aclmdlRICaptureMode mode) {
    SI_ENTER();
    if (!stream) return si_fail(107000, "aclmdlRICaptureBegin: the default stream can't be recorded");
    if ((int)mode < GLOBAL || (int)mode > RELAXED) return si_fail(107000, "aclmdlRICaptureBegin: mode %d", (int)mode);
    if (si_soc_get()->family == SI_910A) return si_fail(207000, "aclmdlRICaptureBegin: %s records nothing", si_soc_get()->name);
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error && si_captures(found)) error = si_fail(107027, "aclmdlRICaptureBegin: the stream records");
    if (!error) error = si_next_capture_fault();
    if (!error) captures[found->id] = (capture){si_graph_new(found->device), pthread_self(), (int)mode, false};
    si_unlock();
    return error;
}

static aclError end(si_stream *stream, aclmdlRI *modelRI) {
    capture *c = &captures[stream->id];
    if (!c->graph) return si_fail(107029, "aclmdlRICaptureEnd: the stream does not record");
    if (c->mode != RELAXED && !pthread_equal(c->thread, pthread_self())) return si_fail(107038, "aclmdlRICaptureEnd: another thread began");
    si_graph *graph = c->graph;
    bool invalid = c->invalid;
    *c = (capture){0};
    aclError error = invalid ? si_fail(507903, "EE9999: aclmdlRICaptureEnd: the recording is invalid") : 0;
    int most = si_configured()->graphs;
    if (!error && si_object_count(SI_GRAPH) > most) error = si_fail(207008, "EE1023: streams for %d recordings are taken", most);
    if (error) si_graph_free(graph, "never finished");
    else *modelRI = graph;
    return error;
}

aclError aclmdlRICaptureEnd(aclrtStream stream, aclmdlRI *modelRI) {
    SI_ENTER();
    if (!modelRI) return si_fail(100000, "aclmdlRICaptureEnd: modelRI is NULL");
    *modelRI = NULL;
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) error = end(found, modelRI);
    si_unlock();
    return error;
}

aclError aclmdlRICaptureGetInfo(aclrtStream stream, aclmdlRICaptureStatus *status, aclmdlRI *modelRI) {
    SI_ENTER();
    if (!status || !modelRI) return si_fail(100000, "aclmdlRICaptureGetInfo: a result is NULL");
    si_lock();
    si_stream *found;
    aclError error = si_stream_of(stream, &found);
    if (!error) {
        const capture *c = &captures[found->id];
        *status = !c->graph ? ACL_MODEL_RI_CAPTURE_STATUS_NONE : c->invalid ? ACL_MODEL_RI_CAPTURE_STATUS_INVALIDATED : ACL_MODEL_RI_CAPTURE_STATUS_ACTIVE;
        *modelRI = c->graph;
    }
    si_unlock();
    return error;
}
