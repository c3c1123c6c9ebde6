// How operations on rows are shared out among threads.
#pragma once
#include "vector.h"

/// Rows for some 64 KB, so that small calls stay on the caller's thread.
INLINE long row_grain(long columns) { return 1 + (16 << 10) / (columns + 1); }
