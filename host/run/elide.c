/* Moves that need not be made: where a slot is, whole, a part of another one, it can live there from the
 * start. So the inputs of a Concat along the first axis that matters are computed where it wants them, and
 * the outputs of a Split are read where they are.
 */
#include "run/program.h"

/* `words` words in a row from one slot to another. */
typedef struct {
    int from, to; /* slots */
    size_t from_offset, to_offset, words;
} copy;

static bool is_dense(const sy_move_params *params, const sy_i32 *strides)
{
    sy_i32 stride = 1;
    for (int i = (int)params->rank - 1; i >= 0; i--) {
        if (params->dims[i] != 1 && strides[i] != stride)
            return false;
        stride *= (sy_i32)params->dims[i];
    }
    return true;
}

/* False when the step is anything else. */
static bool read_copy(const sy_step *step, copy *out)
{
    if (step->kernel != SY_KERNEL_move)
        return false;
    const sy_move_params *params = step->params;
    size_t words = 1;
    for (sy_u32 i = 0; i < params->rank; i++)
        words *= params->dims[i];
    *out = (copy){.from = step->operands[0].slot,
                  .to = step->operands[1].slot,
                  .from_offset = step->operands[0].offset + params->x_offset,
                  .to_offset = step->operands[1].offset + params->y_offset,
                  .words = words};
    return is_dense(params, params->x_strides) && is_dense(params, params->y_strides);
}

static bool touches(const sy_step *step, int slot)
{
    for (int k = 0; k < sy_kernel_operands(step->kernel); k++)
        if (step->operands[k].slot == slot)
            return true;
    return false;
}

static bool is_free_value(const sy_program *program, int slot)
{
    return program->lowering.slots[slot].kind == SY_SLOT_VALUE && program->places[slot].within == SY_NONE;
}

static bool is_root_of(const sy_program *program, int root, int slot)
{
    while (slot != SY_NONE && slot != root)
        slot = program->places[slot].within;
    return slot == root;
}

static void put_within(sy_program *program, int slot, int whole, size_t offset, int step)
{
    program->places[slot].within = whole;
    program->places[slot].within_offset = offset;
    program->skipped[step] = true;
}

/* Whether a slot holds, before `step`, what it will hold to the end: the steps of the node that makes it are
 * over. A recurrence, for one, may write a slot again and again.
 */
static bool is_finished(const sy_program *program, int slot, int step)
{
    return program->lowering.slots[slot].kind == SY_SLOT_INPUT || program->places[slot].made_last < step;
}

/* The only step that makes `to` copies part of `from`: `to` is that part. */
static bool read_in_place(sy_program *program, int step, const copy *moved)
{
    const sy_slot *slots = program->lowering.slots;
    const sy_place *to = &program->places[moved->to];
    if (slots[moved->from].kind == SY_SLOT_CONSTANT || !is_finished(program, moved->from, step) ||
        !is_free_value(program, moved->to))
        return false;
    if (to->made_first != step || to->made_last != step || moved->words != slots[moved->to].words)
        return false;
    put_within(program, moved->to, moved->from, moved->from_offset, step);
    return true;
}

/* Whether `slot` is made of copies alone, each into a part of its own. Steps of one node follow each other.
 */
static bool is_made_of_copies(const sy_program *program, int slot)
{
    const sy_place *place = &program->places[slot];
    size_t end = 0;
    for (int s = place->made_first; s <= place->made_last; s++) {
        copy part;
        if (!touches(&program->lowering.steps[s], slot))
            continue;
        if (!read_copy(&program->lowering.steps[s], &part) || part.from == slot || part.to_offset < end)
            return false;
        end = part.to_offset + part.words;
    }
    return true;
}

/* `from` is copied, whole, into a part of `to`: it can be made there. */
static void make_in_place(sy_program *program, int step, const copy *moved)
{
    const sy_slot *slots = program->lowering.slots;
    if (!is_free_value(program, moved->from) || !is_finished(program, moved->from, step) ||
        slots[moved->to].kind != SY_SLOT_VALUE)
        return;
    if (moved->from_offset != 0 || moved->words != slots[moved->from].words)
        return;
    if (is_root_of(program, moved->from, moved->to) || !is_made_of_copies(program, moved->to))
        return;
    put_within(program, moved->from, moved->to, moved->to_offset, step);
}

void sy_program_elide_moves(sy_program *program)
{
    for (int s = 0; s < program->lowering.step_count; s++) {
        copy moved;
        if (read_copy(&program->lowering.steps[s], &moved) && !read_in_place(program, s, &moved))
            make_in_place(program, s, &moved);
    }
}

sy_operand sy_program_resolve(const sy_program *program, sy_operand operand)
{
    while (program->places[operand.slot].within != SY_NONE) {
        const sy_place *place = &program->places[operand.slot];
        operand = (sy_operand){place->within, operand.offset + place->within_offset};
    }
    return operand;
}
