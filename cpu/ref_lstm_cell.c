#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

static float clip(const sy_lstm_cell_params *p, float x)
{
    return p->cell_clip > 0 ? sy_math_clamp(x, -p->cell_clip, p->cell_clip) : x;
}

void sy_ref_lstm_cell(void *const *operands, const void *params)
{
    const sy_lstm_cell_params *p = params;
    const float *gates = operands[0], *c_previous = operands[1], *peephole = operands[2];
    float *h = operands[3], *c = operands[4];
    const size_t hidden = p->hidden;

    for (size_t n = 0; n < p->batch; n++, gates += 4 * hidden) {
        for (size_t j = 0; j < hidden; j++) {
            const size_t at = n * hidden + j;
            const float before = c_previous[at];
            float in = gates[j], out = gates[hidden + j], forget = gates[2 * hidden + j];
            if (p->has_peephole) {
                in = fmaf(peephole[j], before, in);
                forget = fmaf(peephole[2 * hidden + j], before, forget);
            }
            in = sy_math_sigmoidf(clip(p, in));
            forget = p->input_forget ? 1 - in : sy_math_sigmoidf(clip(p, forget));
            const float fresh = sy_math_tanhf(clip(p, gates[3 * hidden + j]));
            const float now = fmaf(forget, before, in * fresh);
            if (p->has_peephole)
                out = fmaf(peephole[hidden + j], now, out);
            h[at] = sy_math_sigmoidf(clip(p, out)) * sy_math_tanhf(clip(p, now));
            c[at] = now;
        }
    }
}
