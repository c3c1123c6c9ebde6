// STANDIN_ variables; standin.h tells what they mean.
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static si_configuration configuration;
static bool read;

static uint64_t number(const char *variable, uint64_t fallback) {
    const char *text = getenv(variable);
    if (!text || !*text) return fallback;
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*end) si_die("%s is \"%s\", not a number", variable, text);
    return value;
}

static void read_fault(char *fault) {
    unsigned long long at;
    int code, length = 0;
    if (sscanf(fault, "oom@%llu%n", &at, &length) == 1 && (!fault[length] || !strcmp(fault + length, "-"))) {
        configuration.oom_at = at;
        configuration.oom_stays = fault[length] == '-';
    } else if (sscanf(fault, "kernel@%llu:%d%n", &at, &code, &length) == 2 && !fault[length]) {
        configuration.kernel_at = at;
        configuration.kernel_code = code;
    } else if (sscanf(fault, "lost@%llu:%d%n", &at, &code, &length) == 2 && !fault[length]) {
        configuration.lost_at = at;
        configuration.lost_code = code;
    } else if (sscanf(fault, "capture@%llu:%d%n", &at, &code, &length) == 2 && !fault[length]) {
        configuration.capture_at = at;
        configuration.capture_code = code;
    } else if (sscanf(fault, "stuck@%llu%n", &at, &length) == 1 && !fault[length]) {
        configuration.stuck_at = at;
    } else if (sscanf(fault, "dcmi:%d%n", &code, &length) == 1 && !fault[length]) {
        configuration.dcmi_code = code;
    } else if (sscanf(fault, "apart:%d%n", &code, &length) == 1 && !fault[length]) {
        configuration.apart = code;
    } else if (!strcmp(fault, "slow-set-device")) {
        configuration.slow_set_device = true;
    } else {
        si_die("STANDIN_FAULT has \"%s\", which is no fault", fault);
    }
}

static void read_bug(char *bug) {
    if (!strcmp(bug, "mask512")) configuration.bugs |= SI_BUG_MASK512;
    else if (!strcmp(bug, "tnd")) configuration.bugs |= SI_BUG_TND;
    else if (!strcmp(bug, "inf")) configuration.bugs |= SI_BUG_INF;
    else if (!strcmp(bug, "hf32")) configuration.bugs |= SI_BUG_HF32;
    else si_die("STANDIN_BUGS has \"%s\", which is no bug", bug);
}

static void each_word(const char *variable, void (*take)(char *word)) {
    const char *text = getenv(variable);
    if (!text || !*text) return;
    char *copy = strdup(text), *rest = NULL;
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) take(word);
    free(copy);
}

/* What each release takes of ACL_OPT_DETERMINISTIC, by its documentation. */
static void read_release(void) {
    static const struct { const char *name; int determinism; } releases[] = {{"8.1.RC1", 1}, {"9.1.0", 2}, {"9.2.0", 3}};
    const char *text = getenv("STANDIN_RELEASE");
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        if (text && *text && strcmp(releases[i].name, text)) continue;
        configuration.release = releases[i].name;
        configuration.determinism = releases[i].determinism;
        return;
    }
    si_die("STANDIN_RELEASE is \"%s\", a release that it has no profile of", text);
}

static void copy_text(const char *variable, char *to, size_t size) {
    const char *text = getenv(variable);
    if (text && strlen(text) >= size) si_die("%s is longer than %zu bytes", variable, size - 1);
    if (text) strcpy(to, text);
}

void si_configure(void) {
    configuration = (si_configuration){.apart = -1};
    const char *soc = getenv("STANDIN_SOC"), *leaks = getenv("STANDIN_LEAKS"), *threads = getenv("STANDIN_THREADS");
    configuration.soc = si_soc_named(soc && *soc ? soc : "Ascend910B3");
    if (!configuration.soc) si_die("STANDIN_SOC is \"%s\", a chip that it has no profile of", soc);
    read_release();
    configuration.devices = (int)number("STANDIN_DEVICES", 1);
    if (configuration.devices > SI_DEVICES) si_die("STANDIN_DEVICES is %d; there can be %d", configuration.devices, SI_DEVICES);
    configuration.capacity = number("STANDIN_MEMORY", (configuration.soc->memory - configuration.soc->driver) << 20);
    if (configuration.capacity >> 20 > configuration.soc->memory) si_die("STANDIN_MEMORY is %llu bytes; %s has %llu MiB", (unsigned long long)configuration.capacity, configuration.soc->name, (unsigned long long)configuration.soc->memory);
    configuration.graphs = (int)number("STANDIN_GRAPHS", 64);
    static const int events[] = {[SI_A2] = 65536, [SI_A3] = 65536, [SI_310P] = 1023, [SI_910A] = 65535, [SI_950] = 65536};
    configuration.events = (int)number("STANDIN_EVENTS", (uint64_t)events[configuration.soc->family]);
    configuration.stress = number("STANDIN_STRESS", 0);
    configuration.order_by_place = number("STANDIN_ORDER_BY_PLACE", 0);
    configuration.leaks_abort = leaks && !strcmp(leaks, "abort");
    configuration.one_thread = threads && !strcmp(threads, "abort");
    copy_text("STANDIN_UNREPEATABLE", configuration.unrepeatable, sizeof configuration.unrepeatable);
    copy_text("STANDIN_REFUSE", configuration.refused, sizeof configuration.refused);
    copy_text("STANDIN_WRONG", configuration.wrong, sizeof configuration.wrong);
    copy_text("STANDIN_MACHINE", configuration.machine, sizeof configuration.machine);
    each_word("STANDIN_FAULT", read_fault);
    each_word("STANDIN_BUGS", read_bug);
    read = true;
}

const si_configuration *si_configured(void) {
    if (!read) si_configure();
    return &configuration;
}

bool si_order_by_place(int determinism, int level) { return si_configured()->order_by_place && determinism < level; }

bool si_bug(unsigned bug) { return si_configured()->bugs & bug; }
