// What each scratch buffer of a thread, and each of the shared set, is used for. An operation uses a slot for one thing at a time.
#pragma once

enum { THREAD_B, THREAD_SUMS, THREAD_A, THREAD_X };
enum { SHARED_BIAS, SHARED_WEIGHT, SHARED_A, SHARED_KEYS, SHARED_VALUES, SHARED_PARTIAL, SHARED_ROWS };
