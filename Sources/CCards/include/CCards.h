#ifndef CCARDS_H
#define CCARDS_H

#include <stddef.h>

/* One NPU as DCMI, the driver's management interface, tells of it. What it does not tell is -1, of the
   temperature CCARDS_NO_TEMPERATURE. */
struct ccards_card {
    int card, chip;             /* the board, and the die on it */
    int logical, physical;      /* the runtime's number, and /dev/davinciN's */
    char name[72];              /* of the chip */
    long long memory, used;     /* MiB */
    int health;                 /* 0 ok, 1 minor, 2 major, 3 critical, 0xFFFF absent */
    int temperature;            /* degrees Celsius */
    int power;                  /* tenths of a watt */
    long long slowed;           /* bits of causes for which the frequency is lowered: AICORE_FREQREDUC_CAUSE */
};

enum {
    CCARDS_NO_TEMPERATURE = -1000,
    CCARDS_NO_LIBRARY = -1,     /* there is no such library on this machine */
    CCARDS_FAILED = -2,         /* the library lacks a function, or one that must answer failed */
};

/* Asks the library at `path` for at most `capacity` NPUs. Returns their number or one of the codes above, with the reason in `reason`.
   Of a 950, whose DCMI has functions of other names, only the name is told. */
int ccards_read(const char *path, struct ccards_card *cards, int capacity, char *reason, size_t reason_size);

/* Tenths of a watt; -1 where the library, from which ccards_read has read the die, does not tell. */
int ccards_power(const char *path, int card, int chip);

#endif
