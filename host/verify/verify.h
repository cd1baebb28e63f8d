/* How far a quantized model is from the float one it was made of, over samples. */
#ifndef SY_VERIFY_VERIFY_H
#define SY_VERIFY_VERIFY_H

#include "data/samples.h"
#include "device/device.h"
#include "graph/graph.h"
#include "verify/share.h"

/* Signal is the float model's value, noise the difference. dB are 10 log10 of a ratio of energies; SY_DB_MAX
 * (compare/distance.h) where there is no noise. */
typedef struct sy_output_report {
    const char *name;
    double cosine_mean, cosine_min; /* over samples */
    double sqnr_db;                 /* the mean over samples of each sample's */
    double sqnr_db_min;
    double largest_difference;
} sy_output_report;

typedef struct sy_tensor_report {
    const char *name; /* in the float model */
    double sqnr_db;   /* of the energies summed over samples */
    double largest_difference;
} sy_tensor_report;

typedef struct sy_verify_report {
    size_t sample_count;
    sy_output_report *outputs; /* float ones */
    int output_count;
    sy_tensor_report
        *tensors; /* those both models have, in the order they are computed; the worst is not first */
    int tensor_count;
    bool has_labels;
    sy_share top1_float, top1_quantized; /* of the first output, where its elements are classes */
    sy_share agreement;                  /* same largest element in both; also without labels */
    sy_arena arena;
} sy_verify_report;

typedef struct sy_verify_spec {
    const sy_backend *backend;
    sy_device *device;
    const sy_graph *reference; /* bound */
    const sy_graph *quantized; /* bound at the same shapes; the same inputs and outputs by name */
    const sy_samples *samples; /* opened for the inputs of `reference`, in their order */
    int workers;
    uint32_t batch; /* samples a worker runs at once; 0: as is best on the device (run/batch.h) */
    bool tensors;   /* also compare inner tensors; costs memory for the activations of a worker's batch */
} sy_verify_spec;

/* No result depends on workers or batch. SY_E_DATA when the two models do not have the same inputs and
 * outputs, or no sample is usable; SY_E_NUMERIC when an output of the float model is not finite.
 */
sy_status sy_verify_models(sy_ctx *ctx, const sy_verify_spec *spec, sy_verify_report **out);
void sy_verify_report_destroy(sy_verify_report *report);

#endif
