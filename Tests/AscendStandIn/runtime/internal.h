/* What the operators know of the runtime. An operator is two functions and a table entry:
 *
 *     static aclError run(const si_run *run) { const args *a = run->args; … si_data(run->in[0]) …; return 0; }
 *     static const si_operator silu = {"aclnnSilu", run};
 *     aclnnStatus aclnnSiluGetWorkspaceSize(const aclTensor *self, aclTensor *out, uint64_t *workspaceSize, aclOpExecutor **executor) {
 *         SI_TRY(si_need(self, "self")); SI_TRY(si_need(out, "out"));
 *         if (…) SI_REFUSE(161002, "self is %s, out is %s", …);
 *         return si_plan(&silu, &a, sizeof a, SI_TENSORS(self), SI_TENSORS(out), SI_KEPT(alpha), bytes, workspaceSize, executor);
 *     }
 *     SI_PHASE2(aclnnSilu)
 */
#pragma once

#include "CAscend.h"     /* with CA_PROTOTYPES, by the package: the compiler compares each definition with its prototype */
#include "standin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Refusals ---- */

/* Ends the process for what hardware lets pass: "stand-in: …" on stderr, then SIGABRT. */
_Noreturn void si_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Remembers the text for aclGetRecentErrMsg and returns the code. In `run` too, for kernel faults that the host can't see
 * coming (507035 for a bad index): the text travels with the stream's error. */
int si_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define SI_REFUSE(...) return si_fail(__VA_ARGS__)
#define SI_TRY(expression) do { int si_code = (expression); if (si_code) return si_code; } while (0)

/* ---- The chip ---- */

typedef enum { SI_A2, SI_A3, SI_310P, SI_910A, SI_950 } si_family;

typedef struct {
    const char *profile;        /* as STANDIN_SOC names it */
    const char *name;           /* as aclrtGetSocName tells it */
    si_family family;
    bool bf16;
    int dies_per_card, cores;
    uint64_t memory, driver;    /* MiB: all of a die, and what the driver takes of it */
    const char *chip, *number;  /* as the driver tells: chip_name, and npu_name where it has one */
} si_soc;

const si_soc *si_soc_get(void);

enum { SI_BUG_MASK512 = 1, SI_BUG_TND = 2, SI_BUG_INF = 4, SI_BUG_HF32 = 8 };
bool si_bug(unsigned bug);
/* STANDIN_ORDER_BY_PLACE: the order of sums depends on a row's place, and attention's on the batch, as far as `determinism` lets it. */
bool si_order_by_place(int determinism, int level);

/* ---- Descriptors; CANN's opaque types ---- */

enum { SI_DIMS = 8 };

struct aclTensor {
    aclDataType dtype;
    aclFormat format;
    int rank;
    int64_t dims[SI_DIMS], strides[SI_DIMS], offset;     /* elements; strides are filled in where the caller gave none */
    int storage_rank;
    int64_t storage[SI_DIMS];
    void *address;                                       /* of the storage, as the host knows it: not readable */
    uint8_t *data;                                       /* in `run`: the view's first element, readable */
};

/* A scalar has both readings: `real` for floats, `integer` for integers and bool. */
struct aclScalar { aclDataType dtype; double real; int64_t integer; };
struct aclIntArray { uint64_t count; int64_t *values; };
struct aclTensorList { uint64_t count; const aclTensor **tensors; };

size_t si_size(aclDataType dtype);              /* bytes an element; 0 for types that have none here */
const char *si_dtype_name(aclDataType dtype);
int64_t si_count(const aclTensor *tensor);      /* elements of the view */
bool si_contiguous(const aclTensor *tensor);
/* "[2, 3, 4]" in one of eight buffers of the thread. */
const char *si_shape(const aclTensor *tensor);

/* 0 for a live tensor with a place in live memory, aligned, its view within both; 161001 for NULL. A destroyed or foreign
 * handle ends the process. `si_optional` lets NULL pass. Likewise for the others. */
aclnnStatus si_need(const aclTensor *tensor, const char *name);
aclnnStatus si_optional(const aclTensor *tensor, const char *name);
aclnnStatus si_need_scalar(const aclScalar *scalar, const char *name);
aclnnStatus si_need_ints(const aclIntArray *array, const char *name);
aclnnStatus si_need_list(const aclTensorList *list, const char *name);   /* and every tensor in it */

/* ---- Phase 1 and 2 ---- */

typedef struct {
    const void *args;                            /* the copy that si_plan took */
    const aclTensor *const *in, *const *out;     /* as si_plan's lists were, NULL where they had NULL; valid while `run` runs */
    int inputs, outputs;
    int determinism;                             /* the level of ACL_OPT_DETERMINISTIC at phase 1 */
    void *workspace;                             /* readable; NULL where none was asked for */
    uint64_t workspace_size;
} si_run;

typedef struct {
    const char *name;                            /* of phase 2 */
    aclError (*run)(const si_run *run);          /* on the stream's thread, later */
    bool generated;                              /* an individual operator: phase 2 refuses a workspace too small; composites don't look */
} si_operator;

#define SI_COUNT_(...) ((int)(sizeof((const void *const[]){__VA_ARGS__}) / sizeof(void *)))
/* Tensors in the order of the operator's definition, absent optional ones as NULL; what is written in place stands in both lists. */
#define SI_TENSORS(...) (const aclTensor *const[]){__VA_ARGS__}, SI_COUNT_(__VA_ARGS__)
/* Scalars, arrays and lists that phase 1 was given: they too must live until phase 2 returns. NULLs are skipped. */
#define SI_KEPT(...) (const void *const[]){__VA_ARGS__}, SI_COUNT_(__VA_ARGS__)
#define SI_NONE NULL, 0

/* Makes the executor. `args` has no padding: phase 1's cache compares its bytes. `workspace` is the size that phase 2 demands and scribbles over; make it depend on the shapes.
 * Answers 161001 for a NULL result and 561107 without ASCEND_OPP_PATH, 361001 without a current context. */
aclnnStatus si_plan(const si_operator *op, const void *args, size_t args_size,
                    const aclTensor *const *inputs, int n_inputs, const aclTensor *const *outputs, int n_outputs,
                    const void *const *kept, int n_kept, uint64_t workspace, uint64_t *workspace_size, aclOpExecutor **executor);

aclnnStatus si_launch(const char *phase2, void *workspace, uint64_t size, aclOpExecutor *executor, aclrtStream stream);

#define SI_PHASE2(name) \
    aclnnStatus name(void *workspace, uint64_t workspaceSize, aclOpExecutor *executor, aclrtStream stream) { \
        return si_launch(#name, workspace, workspaceSize, executor, stream); \
    }

/* ---- In `run` ---- */

/* The view's first element. */
static inline void *si_data(const aclTensor *tensor) { return tensor->data; }
/* The element of row-major number `linear` in the view, its strides honoured. Conversions are in ops/numbers.h. */
void *si_at(const aclTensor *tensor, int64_t linear);
