/* What Swift can't call by itself to start processes and be sure that they end: glibc's extensions and variadic functions. */
#pragma once

#include <sys/types.h>

/* Starts `path` with the given standard input, output and error, every other descriptor closed, no signal blocked or
 * ignored. own_group: in a process group of its own, which a terminal's Ctrl-C does not reach.
 * Returns 0, or the error number. */
int cprocess_spawn(pid_t *pid, const char *path, char *const arguments[], char *const environment[], const int standard[3], int own_group);

/* A pipe whose ends are closed when another program is executed. Returns 0, or the error number. */
int cprocess_pipe(int ends[2]);

/* From now on, processes that lose their parent below this one become its children. Returns 0, or the error number. */
int cprocess_adopt_orphans(void);

/* Waits until a child has ended, and leaves it for cprocess_reap, so that its id can't be given away meanwhile.
 * Returns 0, or the error number. */
int cprocess_await(pid_t pid);

/* Waits for any process, child or not, to exit. Returns 0, or the error number: ESRCH when it has exited before. */
int cprocess_await_other(pid_t pid);

/* Collects a child that has ended; pid -1: any, waiting for one. signal is 0 for a child that exited by itself.
 * Returns the child's id, or minus the error number. */
pid_t cprocess_reap(pid_t pid, int *code, int *signal);
