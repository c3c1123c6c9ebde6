#include "CPostgres.h"

#include <errno.h>
#include <poll.h>

int glm_postgres_wait(PGconn *connection, bool writes, int wake, int milliseconds) {
    // poll() leaves out what is negative: a connection that is broken has no socket.
    struct pollfd files[2] = {{PQsocket(connection), (short)(writes ? POLLIN | POLLOUT : POLLIN), 0}, {wake, POLLIN, 0}};
    int count = poll(files, 2, milliseconds);
    // Interrupted: the caller looks at its clock and waits again.
    if (count < 0) return errno == EINTR ? GLM_POSTGRES_READABLE : 0;
    int events = 0;
    // An error is read like anything else that has come.
    if (files[0].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) events |= GLM_POSTGRES_READABLE;
    if (files[0].revents & POLLOUT) events |= GLM_POSTGRES_WRITABLE;
    if (files[1].revents) events |= GLM_POSTGRES_WOKEN;
    return events;
}

static void ignore(void *context, const PGresult *result) {
    (void)context;
    (void)result;
}

void glm_postgres_be_silent(PGconn *connection) { PQsetNoticeReceiver(connection, ignore, 0); }
