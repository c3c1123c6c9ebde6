// Drives the starting and waiting for processes under the sanitizers: see deploy/sanitize.sh.
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void expect(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "processes: %s\n", what);
    abort();
}

static int null_file;

static pid_t start(const char *script, int output) {
    char *arguments[] = {"sh", "-c", (char *)script, NULL};
    pid_t pid = 0;
    expect(cprocess_spawn(&pid, "/bin/sh", arguments, environ, (int[]){null_file, output, null_file}, 1) == 0, "a shell was not started");
    return pid;
}

int main(void) {
    null_file = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2], code = 0, signal = 0;
    expect(cprocess_pipe(ends) == 0, "no pipe");
    pid_t child = start("echo $((40 + 2)); exit 3", ends[1]);
    close(ends[1]);
    char text[8] = {0};
    expect(read(ends[0], text, sizeof text - 1) == 3 && strcmp(text, "42\n") == 0, "the shell's output is not 42");
    close(ends[0]);
    expect(cprocess_await(child) == 0, "a child was not awaited");
    expect(cprocess_reap(child, &code, &signal) == child && code == 3 && signal == 0, "the exit code is not 3");
    expect(cprocess_reap(child, &code, &signal) == -ECHILD, "a child is collected twice");

    child = start("kill -9 $$", null_file);
    expect(cprocess_reap(-1, &code, &signal) == child && code == 0 && signal == 9, "the signal is not 9");
    expect(cprocess_await_other(child) == ESRCH, "a process that is gone is awaited");

    expect(cprocess_adopt_orphans() == 0, "orphans are not adopted");
    child = start("sh -c 'exit 5' & exec sh -c 'kill -9 $$'", null_file);
    for (int left = 2; left > 0; left--) expect(cprocess_reap(-1, &code, &signal) > 0, "an orphan is not collected");

    char *arguments[] = {"none", NULL};
    expect(cprocess_spawn(&child, "/none", arguments, environ, (int[]){null_file, null_file, null_file}, 0) == ENOENT, "a program that is not there starts");
    expect(cprocess_spawn(&child, "/bin/sh", arguments, environ, (int[]){-1, null_file, null_file}, 0) != 0, "a closed descriptor is passed on");
    close(null_file);
    puts("processes: nothing found");
}
