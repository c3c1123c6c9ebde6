// Determinism: asked for the process and for the context, kept as low as the lower of the two, because no source says which of them
// an operator reads.
#include "state.h"

#include <stdlib.h>

static int process_level;

/* 0 off, 1 the same bits for repeated runs, 2 also independent of a row's place, 3 also of the batch. */
static aclError check(aclSysParamOpt opt, int64_t value, const char *function) {
    int most = si_configured()->determinism;
    if (opt != ACL_OPT_DETERMINISTIC) return si_fail(107000, "%s: option %d", function, (int)opt);
    if (value < 0 || value > most) return si_fail(107000, "%s: ACL_OPT_DETERMINISTIC %lld, %s takes 0 to %d", function, (long long)value, si_configured()->release, most);
    return 0;
}

aclError aclrtSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
    SI_ENTER();
    SI_TRY(check(opt, value, __func__));
    si_lock();
    process_level = (int)value;
    si_unlock();
    return 0;
}

aclError aclrtCtxSetSysParamOpt(aclSysParamOpt opt, int64_t value) {
    SI_ENTER();
    si_context *context;
    SI_TRY(si_current(&context));
    SI_TRY(check(opt, value, __func__));
    si_lock();
    context->determinism = (int)value;
    si_unlock();
    return 0;
}

void si_options_reset(void) { process_level = 0; }

int si_determinism(const si_context *context) { return context->determinism < process_level ? context->determinism : process_level; }
