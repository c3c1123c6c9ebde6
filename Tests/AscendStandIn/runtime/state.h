/* What the runtime's own files share. One lock guards all state; streams compute outside it. */
#pragma once

#include "internal.h"

#include <pthread.h>

enum { SI_STREAMS = 64, SI_DEVICES = 16 };

/* ---- Process ---- */

const char *si_recent(void);        /* the text that this thread's last si_fail left */

void si_lock(void);
void si_unlock(void);
/* The one condition: a task ended, a stream stopped, the hold changed. */
void si_changed(void);
/* Waits for a change, until the deadline if there is one; false when it passed. */
bool si_wait(const struct timespec *deadline);
struct timespec si_deadline(int32_t milliseconds);

/* Begins every CANN function: counts it and answers 100001 before aclInit. */
aclError si_enter(const char *function);
#define SI_ENTER() SI_TRY(si_enter(__func__))
void si_count_call(void);
bool si_initialised(void);

typedef struct {
    const si_soc *soc;
    const char *release;            /* of CANN, as it tells it */
    int determinism;                /* the highest level of ACL_OPT_DETERMINISTIC that it takes */
    int devices, events;            /* hardware events of a card */
    uint64_t capacity;              /* bytes of a die that processes may take */
    unsigned bugs;
    uint64_t stress;                /* seed, 0 for none */
    bool order_by_place, leaks_abort, one_thread, slow_set_device;
    int graphs;                     /* recordings that there are streams for */
    uint64_t oom_at, kernel_at, lost_at, stuck_at, capture_at;   /* 1 for the first; 0 for never */
    bool oom_stays;
    aclError kernel_code, lost_code, capture_code;
    int dcmi_code;
    int apart;                      /* the device that does not reach the others; -1 for none */
    char unrepeatable[512], refused[512], wrong[512];     /* names of operators, commas between */
    char machine[400];              /* the folder that the machine's processes share; empty for none */
} si_configuration;

const si_configuration *si_configured(void);
void si_configure(void);            /* reads the environment */
const si_soc *si_soc_named(const char *name);
/* Counts an operator and tells what it is fated to. */
typedef enum { SI_FATE_NONE, SI_FATE_KERNEL, SI_FATE_LOST, SI_FATE_STUCK } si_fate;
si_fate si_next_fate(void);
bool si_next_malloc_fails(void);
aclError si_next_capture_fault(void);
/* `op` is listed in STANDIN_UNREPEATABLE; with ":strided" behind its name, for outputs that are not contiguous. */
bool si_configured_unrepeatable(const char *op, bool strided);
/* `op`, with its rows behind a colon, is listed in STANDIN_REFUSE. */
bool si_configured_refused(const char *op, int64_t rows);
void si_plan_cache_reset(void);
void si_threads_reset(void);
void si_plans_on_this_thread(int device);
/* Makes the result of an operator that is to be silently wrong so. */
void si_spoil(const char *op, const aclTensor *output);
void si_reset_faults(void);

/* ---- Handles ---- */

typedef enum { SI_NO_KIND, SI_CONTEXT, SI_STREAM, SI_EVENT, SI_TENSOR, SI_SCALAR, SI_INTS, SI_LIST, SI_EXECUTOR, SI_GRAPH, SI_KINDS } si_kind;

void *si_object_new(si_kind kind);
/* Ends the process unless the handle is a live one of that kind. */
void si_object_expect(const void *handle, si_kind kind, const char *where);
bool si_object_live(const void *handle, si_kind kind);
uint32_t si_object_generation(const void *handle);
si_kind si_object_kind(const void *handle);
/* `how` completes "it was …": "destroyed", "consumed by phase 2". */
void si_object_destroy(const void *handle, const char *how);
const char *si_kind_name(si_kind kind);
int si_object_count(si_kind kind);
void si_object_each(si_kind kind, void (*visit)(void *object));

/* ---- Memory ---- */

enum { SI_HOST = SI_DEVICES };      /* the place of pinned memory, among the devices */

typedef struct {
    uintptr_t start;
    size_t size, held;              /* as asked, as accounted */
    int place;
    bool live;
} si_block;

/* The new block's address, or NULL where the device's capacity is used up. */
void *si_block_new(int place, size_t size, size_t held, size_t capacity);
void si_block_free(si_block *block);
/* The live block that holds the address; NULL for memory that isn't of ours. Ends the process for what was freed. */
si_block *si_block_at(const void *address, const char *where);
/* Ends the process unless so many bytes are there, in one live block of that place. */
si_block *si_block_expect(const void *address, size_t bytes, int place, const char *where);
void si_block_check_guard(const si_block *block, const char *where);
size_t si_held(int place);
/* The device's address as the stand-in reads it; pinned and pageable memory stay. */
void *si_readable(const void *address);
int si_memory_report(void);         /* tells of live blocks on stderr, and how many there are */
void si_memory_clear(int place);
/* Maps fresh memory that reads as STANDIN_NEW; pages take room only when written. */
void si_map_poison(void *at, size_t bytes);

typedef struct { const void *address; size_t bytes; bool write; } si_access;

/* What a tensor's view reaches; no bytes for a view without elements. */
si_access si_tensor_access(const aclTensor *tensor, bool write);
/* Ends the process unless storage base, alignment and view are sound. */
void si_tensor_check_memory(const aclTensor *tensor, int device, const char *where);

/* ---- Contexts and devices ---- */

typedef struct { int device; aclrtStream default_stream; int determinism; } si_context;

/* The thread's context, or 107002. */
aclError si_current(si_context **context);
aclError si_device_state(int device);           /* 0, or the code by which it was lost */
void si_device_lose(int device, aclError code);
void si_device_reset_all(void);

int si_physical(int device);                    /* the number that ASCEND_RT_VISIBLE_DEVICES hides */

/* The level of ACL_OPT_DETERMINISTIC that operators planned in this context keep to. */
int si_determinism(const si_context *context);
void si_options_reset(void);

/* Other processes see that this one has the device, and what it holds of it. */
void si_machine_tell(int device);
void si_machine_leave(int device);
size_t si_machine_held(int physical, bool by_others);

/* ---- Streams ---- */

typedef struct si_task si_task;
typedef struct si_stream si_stream;
struct si_task {
    si_task *next;
    uint64_t number;
    aclError (*run)(si_stream *stream, void *payload);
    void (*release)(void *payload);
    void (*drop)(void *payload);    /* before `release`, where the task is not run; may be NULL */
    void *payload;
    si_fate fate;
};

struct si_stream {
    int id, device;
    si_context *context;
    pthread_t thread;
    si_task *first, *last;
    uint64_t issued, ended;         /* numbers of tasks */
    bool mode_set, stop_on_failure, closing, aborting;
    bool stopped, told;             /* by a failure; and some call has answered it, so that nothing more may be queued */
    aclError error;
    char text[512];
};

/* The stream of the current context that the handle names, the default one for NULL; 107003 for another context's. */
aclError si_stream_of(aclrtStream handle, si_stream **stream);
/* Queues what has its functions, payload and fate; its number is stream->issued then. Answers the error that stopped the stream, once:
 * behind an answer that told it nothing more may be queued, and the process ends. */
aclError si_stream_push(si_stream *stream, si_task task);
/* Waits until the task ended; then the host knows what came before it. */
aclError si_stream_await(si_stream *stream, uint64_t number, const struct timespec *deadline, aclError late);
/* What the stream owes the host: its error, told once unless it stopped the stream. */
aclError si_stream_error(si_stream *stream);
void si_stream_close(si_stream *stream, bool abort);

void si_events_reset(void);

/* ---- What the host knows to have ended ---- */

typedef struct { uint64_t ended[SI_STREAMS]; } si_clock;
extern si_clock si_known;
void si_clock_merge(si_clock *into, const si_clock *from);
/* What a stream's next task comes after: its own tasks and what it waited for. */
si_clock *si_stream_clock(int id);

/* ---- What queued tasks read and write ---- */

/* Ends the process where a task that isn't known to come before overlaps, and one of the two writes. `after` is si_known for
 * the host and the stream's clock for a task. */
void si_access_check(si_access access, const si_clock *after, int own_stream, const char *where);
bool si_access_idle(si_access access);      /* no task that the host doesn't know to have ended touches it */
void si_access_note(si_access access, int stream, uint64_t number);

/* ---- Recording ---- */

bool si_captures(const si_stream *stream);
/* Keeps a task in place of queueing it, and takes its payload over; 507903 once the recording is invalid. */
aclError si_capture_task(si_stream *stream, const char *name, si_task task, bool is_operator);
/* What the task that was kept last reads or writes. */
void si_capture_access(si_stream *stream, si_access access);
/* For calls that CANN forbids while something is recorded: 107027 for the recording stream itself, 107041 otherwise, and the recording is
 * invalid. 0 where nothing is recorded that the call concerns. `waits` for those that are forbidden in every mode. */
aclError si_capture_forbid(const si_stream *stream, bool waits, const char *function);
/* Ends the process if a recording uses the block. */
void si_graph_check_free(const si_block *block, const char *function);
void si_graph_drop(void *graph);                /* at aclFinalize */
