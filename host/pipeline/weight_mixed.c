#include "pipeline/weight_mixed.h"

#include <math.h>
#include <string.h>

#include "weight/mixed.h"
#include "weight/mixed_outputs.h"

void sy_mixed_release(sy_mixed *mixed)
{
    sy_text_release(&mixed->weights);
}

static size_t factor_bytes(const sy_weight_codes *codes)
{
    const size_t zero = codes->bits > 8 ? 2 : 1;
    return codes->cut.units * (sizeof(float) + (sy_weight_has_shifts(codes) ? sizeof(float) : 0) +
                               (sy_weight_has_zeros(codes) ? zero : 0));
}

/* What the codes take in a container, and how. */
static sy_status measure(sy_job *job, const sy_weight_codes *codes, sy_mixed_weight *out)
{
    const size_t count = sy_weight_cut_elements(&codes->cut), plain = codes->bits > 8 ? 2 * count : count;
    sy_packed_codes packed = {0};
    const sy_status status =
        sy_codes_encode(job->ctx, codes->codes, count, plain, codes->shape.dims, codes->shape.rank,
                        (uint32_t)job->config->weight_quant_param.max_segments, &packed);
    if (status == SY_OK) {
        out->elements = count;
        out->coding = packed.coding;
        out->entropy = packed.entropy;
        out->width = packed.form.bits;
        out->bytes =
            (packed.coding == SY_CODING_NONE ? plain : packed.stream.size + 2 * packed.form.channels) +
            factor_bytes(codes);
    }
    sy_packed_codes_release(&packed);
    return status;
}

static bool has_inputs(const sy_mixed_source *source)
{
    return source->inputs && source->inputs->is_product;
}

static sy_status cut_of(sy_job *job, const sy_mixed_source *source, bool per_channel, sy_weight_cut *out)
{
    if (!sy_weight_cut_init(source->shape, per_channel ? source->axis : SY_NONE, 0, out))
        return sy_fail(job->ctx, SY_E_INTERNAL, "weight '%s' lost its shape", source->name);
    return SY_OK;
}

static sy_status encode_fixed(sy_job *job, sy_arena *arena, const sy_weight_method *method,
                              const sy_weight_task *fixed, const sy_mixed_source *source, double *bias,
                              sy_weight_codes *out)
{
    sy_weight_cut cut;
    SY_TRY(cut_of(job, source, job->config->weight_quant_param.per_channel, &cut));
    const sy_weight_floats from = {source->name, source->shape, &cut, source->values};
    if (has_inputs(source))
        return sy_weight_encode_gptq(job->ctx, arena, fixed, &from, &source->inputs->layout,
                                     &source->inputs->moments, out, bias);
    return sy_weight_encode(job->ctx, arena, method, fixed, &from, out);
}

/* Fixed bits in the place of `codes`, where they take no more bytes. */
static sy_status try_fixed(sy_job *job, sy_arena *arena, const sy_weight_method *method,
                           const sy_weight_task *fixed, const sy_mixed_source *source,
                           sy_mixed_weight *weight, sy_weight_codes *codes)
{
    sy_weight_codes other;
    sy_mixed_weight measured = *weight;
    const size_t outputs = source->bias ? source->inputs->layout.outputs : 0;
    double *bias = outputs ? sy_arena_alloc(arena, outputs, sizeof *bias) : NULL;
    SY_TRY(sy_check_alloc(job->ctx, outputs && !bias ? NULL : weight));
    SY_TRY(encode_fixed(job, arena, method, fixed, source, bias, &other));
    SY_TRY(measure(job, &other, &measured));
    if (measured.bytes > weight->bytes)
        return SY_OK;
    measured.is_fixed = true;
    measured.steps_bytes = weight->bytes;
    *weight = measured;
    *codes = other;
    if (bias)
        memcpy(source->bias, bias, outputs * sizeof *bias);
    return SY_OK;
}

static void add_error(sy_mixed *mixed, const float *values, size_t count, double error)
{
    double power = 0;
    for (size_t i = 0; i < count; i++)
        power += (double)values[i] * (double)values[i];
    mixed->power += power;
    mixed->noise += error * error * power;
}

/* What part of the square of an error a weight gets, before all are known. */
static double share_of(size_t elements)
{
    return cbrt((double)elements);
}

void sy_mixed_expect(sy_mixed *mixed, const sy_weight_inputs *list, int count)
{
    for (int i = 0; i < count; i++) {
        const double outputs = (double)list[i].layout.outputs;
        if (list[i].is_product) {
            mixed->shares += outputs * share_of(list[i].layout.outputs * list[i].moments.size);
            mixed->outputs += outputs;
        }
    }
}

static sy_status encode_steps(sy_job *job, sy_arena *arena, const sy_mixed_source *source,
                              const sy_mixed *mixed, sy_weight_codes *out)
{
    sy_weight_cut cut;
    SY_TRY(cut_of(job, source, job->config->mixed_bit_weight_quant_param.per_channel, &cut));
    const sy_weight_floats from = {source->name, source->shape, &cut, source->values};
    if (!has_inputs(source))
        return sy_weight_mixed_encode(job->ctx, arena, job->init_scale,
                                      job->config->weight_quant_param.bias_correction, &from, out);
    const double mean = mixed->outputs > 0 ? mixed->shares / mixed->outputs : 0;
    const double share = mean > 0 ? share_of(sy_weight_cut_elements(&cut)) / mean : 1;
    return sy_weight_mixed_encode_outputs(job->ctx, arena, job->init_scale * sqrt(share), &from,
                                          &source->inputs->layout, &source->inputs->moments, out,
                                          source->bias);
}

sy_status sy_mixed_encode(sy_job *job, sy_arena *arena, const sy_weight_method *method,
                          const sy_weight_task *fixed, const sy_mixed_source *source, sy_mixed *mixed,
                          sy_weight_codes *out)
{
    sy_weight_codes codes;
    sy_mixed_weight weight = {.name = source->name, .output_error = NAN};
    SY_TRY(encode_steps(job, arena, source, mixed, &codes));
    SY_TRY(measure(job, &codes, &weight));
    /* Tables and steps of small weights cost more than they save. */
    if (8 * weight.bytes > (SY_MIXED_FIXED_BITS - 1) * weight.elements)
        SY_TRY(try_fixed(job, arena, method, fixed, source, &weight, &codes));
    weight.error = sy_weight_relative_error(&codes, source->values);
    if (has_inputs(source))
        SY_TRY(sy_weight_output_error(job->ctx, &codes, &source->inputs->layout, &source->inputs->moments,
                                      source->values, source->bias != NULL, &weight.output_error));
    add_error(mixed, source->values, weight.elements, weight.error);
    sy_text_add(&mixed->weights, &weight, sizeof weight);
    *out = codes;
    return sy_check_alloc(job->ctx, mixed->weights.failed ? NULL : mixed);
}

/* A per cent, or nothing where that is not known. */
static void print_error(sy_text *text, double error)
{
    if (isnan(error))
        sy_text_printf(text, " %9s", "");
    else
        sy_text_printf(text, " %7.3f %%", 100 * error);
}

static bool report_weight(const sy_mixed_weight *weight, sy_text *text, cJSON *list)
{
    const double bits = 8 * (double)weight->bytes / (double)weight->elements;
    cJSON *item = sy_json_item(list);
    sy_text_printf(text, "  %7.2f %7.2f %6d %10zu %9zu", weight->entropy, bits, weight->width,
                   weight->elements, weight->bytes);
    print_error(text, weight->error);
    print_error(text, weight->output_error);
    sy_text_printf(text, "  %s", weight->name);
    if (weight->is_fixed)
        sy_text_printf(text, " (fixed at %d bits: by steps it would take %zu bytes)", SY_MIXED_FIXED_BITS,
                       weight->steps_bytes);
    sy_text_printf(text, "\n");
    return item && sy_json_text(item, "weight", weight->name) &&
           sy_json_number(item, "entropy", weight->entropy) && sy_json_number(item, "stored_bits", bits) &&
           sy_json_number(item, "code_bits", weight->width) &&
           sy_json_number(item, "elements", (double)weight->elements) &&
           sy_json_number(item, "bytes", (double)weight->bytes) &&
           sy_json_number(item, "error", weight->error) &&
           (isnan(weight->output_error) || sy_json_number(item, "output_error", weight->output_error)) &&
           sy_json_text(item, "coding", sy_coding_name((int)weight->coding)) &&
           sy_json_number(item, "fixed_bits", weight->is_fixed ? SY_MIXED_FIXED_BITS : 0);
}

sy_status sy_mixed_report(sy_job *job, const sy_mixed *mixed, sy_report *report)
{
    const size_t count = mixed->weights.size / sizeof(sy_mixed_weight);
    const double error = mixed->power > 0 ? sqrt(mixed->noise / mixed->power) : 0;
    size_t elements = 0, bytes = 0;
    cJSON *json = sy_json_object(report->json, "mixed"), *list = sy_json_array(json, "weights");
    bool good = json && list;
    sy_text_printf(&report->text,
                   "mixed bits, init_scale %.6g\n  entropy  stored  width    weights     bytes     error    "
                   "outputs\n",
                   job->init_scale);
    for (size_t i = 0; i < count && good; i++) {
        sy_mixed_weight weight;
        memcpy(&weight, mixed->weights.bytes + i * sizeof weight, sizeof weight);
        good = report_weight(&weight, &report->text, list);
        elements += weight.elements;
        bytes += weight.bytes;
    }
    const double bits = elements ? 8 * (double)bytes / (double)elements : 0;
    sy_text_printf(&report->text, "  %7s %7.2f %6s %10zu %9zu %7.3f %% %9s  all\n", "", bits, "", elements,
                   bytes, 100 * error, "");
    good = good && sy_json_number(json, "init_scale", job->init_scale) &&
           sy_json_number(json, "stored_bits", bits) && sy_json_number(json, "bytes", (double)bytes) &&
           sy_json_number(json, "error", error);
    return sy_check_alloc(job->ctx, good ? report : NULL);
}
