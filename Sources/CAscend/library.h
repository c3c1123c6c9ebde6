#ifndef CASCEND_LIBRARY_H
#define CASCEND_LIBRARY_H

#include <stddef.h>

/* CANN's folder as its own script tells it; NULL where it tells none. */
const char *ca_home(void);

/* Opens a library of a folder, or where the system looks if that is NULL. It stays open: CANN's threads outlive every caller.
   Returns NULL where it can't be opened. Of several failures `error` keeps the first; but what is there and can't be opened is an error
   to tell of, more than that it is nowhere else. */
void *ca_open_library(const char *folder, const char *name, char *error, size_t error_size);

#endif
