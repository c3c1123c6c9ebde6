// libpq, and the one thing that is easier said in C: waiting for its socket.
#pragma once

// Debian keeps the headers of PostgreSQL in a folder of their own.
#if __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#else
#include <libpq-fe.h>
#endif
#include <stdbool.h>

// What has come to pass, as bits; 0: the time is over.
#define GLM_POSTGRES_READABLE 1
#define GLM_POSTGRES_WRITABLE 2
#define GLM_POSTGRES_WOKEN 4

// Waits until the connection's socket can be read, or written where `writes`, or until `wake` can be read: a descriptor, or -1.
int glm_postgres_wait(PGconn *connection, bool writes, int wake, int milliseconds);

// libpq writes what servers remark to standard error unless it is told otherwise.
void glm_postgres_be_silent(PGconn *connection);
