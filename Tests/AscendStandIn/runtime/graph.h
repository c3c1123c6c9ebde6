/* What was recorded: tasks, and the memory that they use at addresses that stay as they are. */
#pragma once

#include "state.h"

typedef struct {
    const char *name;
    si_task task;
    bool is_operator;
} si_node;

typedef struct { si_access access; size_t node; } si_use;

typedef struct {
    int device;
    si_node *nodes;
    size_t count, capacity;
    si_use *uses;                   /* in the order of the nodes */
    size_t used, room;
    int stream;                     /* of the last replay; -1 before any */
    uint64_t number;                /* its last task */
} si_graph;

si_graph *si_graph_new(int device);
void si_graph_add(si_graph *graph, si_node node);
void si_graph_use(si_graph *graph, si_access access);     /* by the last node */
void si_graph_free(si_graph *graph, const char *how);
