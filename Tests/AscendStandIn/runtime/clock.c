// What is known to have ended. A wait of the host, and a wait of one stream for another's event, tell of all that came before:
// so a block may be freed only when a chain of waits reaches from its last use to the host, however fast the stream was.
#include "state.h"

si_clock si_known;
static si_clock clocks[SI_STREAMS];

si_clock *si_stream_clock(int id) { return &clocks[id]; }

void si_clock_merge(si_clock *into, const si_clock *from) {
    for (int i = 0; i < SI_STREAMS; i++)
        if (from->ended[i] > into->ended[i]) into->ended[i] = from->ended[i];
}
