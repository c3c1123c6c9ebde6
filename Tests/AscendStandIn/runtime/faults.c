// Faults that a configuration asks for, at the n-th operator or allocation.
#include "state.h"

#include <stdio.h>
#include <string.h>

static uint64_t operators, mallocs, captures;

uint64_t standin_operators(void) {
    si_lock();
    uint64_t count = operators;
    si_unlock();
    return count;
}

void si_reset_faults(void) { operators = mallocs = captures = 0; }

si_fate si_next_fate(void) {
    const si_configuration *c = si_configured();
    operators++;
    if (operators == c->kernel_at) return SI_FATE_KERNEL;
    if (operators == c->lost_at) return SI_FATE_LOST;
    if (operators == c->stuck_at) return SI_FATE_STUCK;
    return SI_FATE_NONE;
}

bool si_next_malloc_fails(void) {
    const si_configuration *c = si_configured();
    mallocs++;
    return c->oom_at && (mallocs == c->oom_at || (c->oom_stays && mallocs > c->oom_at));
}

aclError si_next_capture_fault(void) {
    const si_configuration *c = si_configured();
    captures++;
    return captures == c->capture_at ? si_fail(c->capture_code, "the configured fault of a recording") : 0;
}

static bool is_listed(const char *names, const char *op, const char *suffix) {
    size_t length = strlen(op), extra = strlen(suffix);
    for (const char *at = names; (at = strstr(at, op)); at += length)
        if (!strncmp(at + length, suffix, extra) && (!at[length + extra] || at[length + extra] == ',')) return true;
    return false;
}

bool si_configured_unrepeatable(const char *op, bool strided) {
    const char *names = si_configured()->unrepeatable;
    return is_listed(names, op, "") || (strided && is_listed(names, op, ":strided"));
}

bool si_configured_refused(const char *op, int64_t rows) {
    char suffix[24];
    snprintf(suffix, sizeof suffix, ":%lld", (long long)rows);
    return is_listed(si_configured()->refused, op, suffix);
}

/* Flips the sign of every element, of whichever type. */
void si_spoil(const char *op, const aclTensor *output) {
    if (!is_listed(si_configured()->wrong, op, "")) return;
    size_t size = si_size(output->dtype);
    for (int64_t i = 0; i < si_count(output); i++) ((uint8_t *)si_at(output, i))[size - 1] ^= 0x80;
}
