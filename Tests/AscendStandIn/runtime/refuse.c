// What ends the process, and the message that aclGetRecentErrMsg hands out: one a thread, gone once read.
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char recent[1024], handed_out[1024];

_Noreturn void si_die(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "stand-in: %s\n", text);
    fflush(stderr);
    abort();
}

int si_fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(recent, sizeof recent, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length + 16 < sizeof recent) snprintf(recent + length, sizeof recent - (size_t)length, " (%d)", code);
    return code;
}

const char *si_recent(void) { return recent; }

const char *aclGetRecentErrMsg(void) {
    si_count_call();
    memcpy(handed_out, recent, sizeof recent);
    recent[0] = 0;
    return handed_out[0] ? handed_out : NULL;
}
