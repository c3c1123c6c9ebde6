// Every name that the loader resolves, by name: a test that links the stand-in calls CANN through this, and a name that the
// stand-in lacks is an error of the linker.
#include "internal.h"

static const struct ca_api api = {
#define CA_FUNCTION(need, result, name, parameters) .name = name,
#define CA_OPERATOR(need, name, parameters) .name##GetWorkspaceSize = name##GetWorkspaceSize, .name = name,
    CA_RUNTIME(CA_FUNCTION)
    CA_BASE(CA_FUNCTION)
    CA_OPERATORS(CA_OPERATOR)
};

const struct ca_api *standin_cann(void) { return &api; }
