/// The kernels' own memory. Where there is none the process ends with a message, as Swift's allocations do: no operation can
/// report an error halfway, and what it was to compute is lost in any case.
#pragma once

#include <stddef.h>

/// `memory`, or the end of the process when it is null: "out of memory: `bytes` bytes for `purpose`" goes to standard error.
void *ck_require(void *memory, size_t bytes, const char *purpose);
