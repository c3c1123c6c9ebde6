// Fresh memory that reads as NaN without being written: every page is a private copy of a file of poison.
#define _GNU_SOURCE // memfd_create
#include "state.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 16 << 20 };

static int poison_file(void) {
    int file = memfd_create("poison", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, CHUNK)) si_die("no memory for poison");
    void *bytes = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED) si_die("no memory for poison");
    memset(bytes, STANDIN_NEW, CHUNK);
    munmap(bytes, CHUNK);
    return file;
}

void si_map_poison(void *at, size_t bytes) {
    static int file = -1;
    if (file < 0) file = poison_file();
    for (size_t done = 0; done < bytes; done += CHUNK) {
        size_t part = bytes - done < CHUNK ? bytes - done : CHUNK;
        void *mapped = mmap((char *)at + done, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0);
        if (mapped == MAP_FAILED) si_die("no memory for a block of %zu bytes", bytes);
    }
}
