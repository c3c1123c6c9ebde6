// Every kernel of an instruction set on the same cases: within a tolerance of plain loops in double, and the same bits for a row whatever
// is computed with it and on however many threads.
//
//   kernels          the sets that this machine has
//   kernels SET...   these, or an error: `neonbf16` for f32 operands, `neonbf16+bf16` for bf16 operands
#include "cases.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_wanted(const char *name, int count, char **wanted) {
    for (int i = 0; i < count; i++)
        if (!strcmp(name, wanted[i])) return true;
    return count == 0;
}

int main(int argc, char **argv) {
    int ran = 0, wanted = argc - 1;
    for (ck_set set = CK_GENERIC; set <= CK_NEON_BF16; set++) {
        if (!ck_supports(set)) continue;
        for (int bf16 = 0; bf16 < 2; bf16++) {
            kernels_t k = {{ck_create(1, set, bf16), ck_create(3, set, bf16)}, bf16};
            char name[32];
            snprintf(name, sizeof name, "%s%s", ck_name(k.contexts[0]), bf16 ? "+bf16" : "");
            if (ck_uses_bf16(k.contexts[0]) == bf16 && is_wanted(name, wanted, argv + 1)) {
                clock_t start = clock();
                products(&k);
                int8_products(&k);
                attentions(&k);
                rows(&k);
                images(&k);
                printf("kernels: %s: all cases hold (%.1f s)\n", name, (double)(clock() - start) / CLOCKS_PER_SEC);
                ran++;
            }
            for (int i = 0; i < CONTEXTS; i++) ck_destroy(k.contexts[i]);
        }
    }
    if (wanted == 0 || ran == wanted) return 0;
    printf("kernels: %d of %d sets ran\n", ran, wanted);
    return 1;
}
