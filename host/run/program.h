/* Inside host/run: what a program is made of. */
#ifndef SY_RUN_PROGRAM_H
#define SY_RUN_PROGRAM_H

#include "ops/lowering.h"
#include "run/memory.h"
#include "run/run.h"

/* A tensor the caller supplies, reads or observes. */
typedef struct sy_program_tensor {
    int tensor; /* of the graph */
    sy_operand at;
    size_t words;
} sy_program_tensor;

/* After step `after` (SY_NONE: before the first) observed tensor `index` is whole. */
typedef struct sy_observation {
    int after, index;
} sy_observation;

/* A constant operand in the form the backend's kernel likes best; shared by all steps that ask for the same.
 */
typedef struct sy_packed {
    int step, operand; /* the first that asked */
    sy_buffer *buffer;
} sy_packed;

/* Where a slot is. An INPUT or VALUE slot nothing touches is not live and has no memory; one that is part of
 * another slot has that one's.
 */
typedef struct sy_place {
    int made_first,
        made_last; /* steps of the node that makes it, the first to touch it; SY_NONE: no step does */
    int within;    /* a slot, or SY_NONE */
    size_t within_offset;
    bool live;
    sy_memory_item memory; /* VALUE and INPUT: times are step + 1; 0 is before the first step */
    sy_buffer *constant;   /* CONSTANT: NULL when every reader reads it packed */
} sy_place;

struct sy_program {
    const sy_backend *backend;
    sy_device *device;
    sy_stream *stream; /* for constants */
    sy_lowering lowering;
    sy_arena arena;
    sy_place *places; /* a slot each */
    sy_program_tensor *inputs, *outputs, *observed;
    int input_count, output_count, observed_count;
    sy_observation *observations;        /* in the order in which they are made; observed_count of them */
    bool *skipped;                       /* a step each: a move that need not be made */
    int (*step_packed)[SY_MAX_OPERANDS]; /* a step each: into packed, or SY_NONE */
    sy_packed *packed;
    int packed_count;
    size_t activation_words;
    unsigned generation; /* of the constants: grows when buffers are replaced */
};

/* In elide.c. Marks moves as skipped and puts slots within others. */
void sy_program_elide_moves(sy_program *program);
/* The operand in the slot that holds its slot; its own where that is in no other. The slot is not SY_NONE. */
sy_operand sy_program_resolve(const sy_program *program, sy_operand operand);

/* In constants.c. Uploads every constant slot and packs what the backend wants packed. */
sy_status sy_program_upload(sy_ctx *ctx, sy_program *program);
void sy_program_free_constants(sy_program *program);

#endif
