#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[], const int standard[3], int own_group) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }

    for (int i = 0; i < 3 && !error; i++) error = posix_spawn_file_actions_adddup2(&files, standard[i], i);
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(&files, 3);

    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (own_group ? POSIX_SPAWN_SETPGROUP : 0);
    if (!error) error = posix_spawnattr_setsigmask(&attributes, &none);
    if (!error) error = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!error) error = posix_spawnattr_setpgroup(&attributes, 0);
    if (!error) error = posix_spawnattr_setflags(&attributes, flags);
    if (!error) error = posix_spawn(pid, path, &files, &attributes, arguments, environment);

    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

int cprocess_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) ? errno : 0; }

int cprocess_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) ? errno : 0; }

int cprocess_await(pid_t pid) {
    siginfo_t info;
    while (waitid(P_PID, pid, &info, WEXITED | WNOWAIT)) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int cprocess_await_other(pid_t pid) {
    int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
    if (descriptor < 0) return errno;
    struct pollfd end = {.fd = descriptor, .events = POLLIN};
    int error = 0;
    while (poll(&end, 1, -1) < 0) {
        if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    close(descriptor);
    return error;
}

pid_t cprocess_reap(pid_t pid, int *code, int *signal) {
    int status;
    pid_t reaped;
    while ((reaped = waitpid(pid, &status, 0)) < 0) {
        if (errno != EINTR) return -errno;
    }
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return reaped;
}
