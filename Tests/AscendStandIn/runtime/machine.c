// The machine that processes share, where STANDIN_MACHINE names a folder: each leaves a file there for each device that it has
// set, npu<number>.<process> with the bytes that it holds. So a device is full for all, DCMI and npu-smi show what is used, and a
// test sees which process is on which card. What a process that is gone left behind counts no more.
#define _GNU_SOURCE // kill
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool path(char text[512], int device) {
    const char *folder = si_configured()->machine;
    if (!*folder) return false;
    snprintf(text, 512, "%s/npu%d.%ld", folder, si_physical(device), (long)getpid());
    return true;
}

void si_machine_tell(int device) {
    char name[512], bytes[32];
    if (device == SI_HOST || !path(name, device)) return;
    int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    int length = snprintf(bytes, sizeof bytes, "%20zu\n", si_held(device));
    if (file < 0 || pwrite(file, bytes, (size_t)length, 0) != length) si_die("%s can't be written: %s", name, strerror(errno));
    close(file);
}

void si_machine_leave(int device) {
    char name[512];
    if (path(name, device)) unlink(name);
}

size_t si_machine_held(int physical, bool by_others) {
    const char *folder = si_configured()->machine;
    DIR *directory = *folder ? opendir(folder) : NULL;
    if (!directory) return 0;
    size_t sum = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        int device;
        long process;
        size_t held;
        char name[1024];
        if (sscanf(entry->d_name, "npu%d.%ld", &device, &process) != 2 || device != physical) continue;
        if ((by_others && process == getpid()) || (kill((pid_t)process, 0) && errno == ESRCH)) continue;
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(name, "re");
        if (file && fscanf(file, "%zu", &held) == 1) sum += held;
        if (file) fclose(file);
    }
    closedir(directory);
    return sum;
}
