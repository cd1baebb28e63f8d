#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "import/onnx/onnx.h"

/* Field numbers of the two outer messages. */
enum { MODEL_GRAPH = 7, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_OUTPUT = 2, TENSOR_NAME = 8 };
enum { PART_TEXT = 256, NAME_SHOWN = 100 };

typedef enum step {
    STEP_FIELD, /* a whole field */
    STEP_END,
    STEP_SHORT, /* the field needs more bytes than there are */
    STEP_BAD,   /* no field begins like this */
} step;

/* One field of a message, as protobuf writes it: a number, and for wire type 2 a length and that many bytes.
 */
typedef struct field {
    uint64_t number;
    const unsigned char *data; /* of wire type 2 */
    size_t size;               /* of what is there of it */
    uint64_t missing;          /* STEP_SHORT: how many more bytes it needs, at least */
} field;

static step next_field(sy_bytes *bytes, field *out)
{
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
    *out = (field){0};
    if (bytes->at == bytes->end)
        return STEP_END;
    const uint64_t tag = sy_bytes_varint(bytes);
    const unsigned wire = tag & 7;
    out->number = tag >> 3;
    out->missing = 1;
    if (bytes->failed)
        return STEP_SHORT;
    if (out->number == 0 || (wire != VARINT && wire != FIXED64 && wire != BYTES && wire != FIXED32))
        return STEP_BAD;
    if (wire == VARINT) {
        sy_bytes_varint(bytes);
        return bytes->failed ? STEP_SHORT : STEP_FIELD;
    }
    const uint64_t size = wire == FIXED64 ? 8 : wire == FIXED32 ? 4 : sy_bytes_varint(bytes);
    if (bytes->failed)
        return STEP_SHORT;
    const size_t there = (size_t)(bytes->end - bytes->at);
    out->data = bytes->at;
    out->size = size < there ? (size_t)size : there;
    out->missing = size - out->size;
    if (out->missing)
        return STEP_SHORT;
    sy_bytes_take(bytes, out->size);
    return STEP_FIELD;
}

/* The text of the first field `number` of a message that may be cut; "" when it is not there. */
static void find_name(const field *message, uint64_t number, char out[NAME_SHOWN + 1])
{
    out[0] = '\0';
    if (!message->data)
        return;
    sy_bytes bytes = {.at = message->data, .end = message->data + message->size};
    field inner;
    while (next_field(&bytes, &inner) == STEP_FIELD) {
        if (inner.number != number || !inner.data)
            continue;
        const size_t length = inner.size < NAME_SHOWN ? inner.size : NAME_SHOWN;
        memcpy(out, inner.data, length);
        out[length] = '\0';
        return;
    }
}

/* "node 12 (output 'conv1')" or "initializer 3 ('fc.weight')". */
static void name_part(const field *part, const int counts[GRAPH_OUTPUT + 1], char out[PART_TEXT])
{
    char name[NAME_SHOWN + 1];
    const int index = part->number <= GRAPH_OUTPUT ? counts[part->number] : 0;
    if (part->number == GRAPH_NODE) {
        find_name(part, NODE_OUTPUT, name);
        snprintf(out, PART_TEXT, "node %d (output '%s')", index, name);
    } else if (part->number == GRAPH_INITIALIZER) {
        find_name(part, TENSOR_NAME, name);
        snprintf(out, PART_TEXT, "initializer %d ('%s')", index, name);
    } else if (part->number == GRAPH_INPUT || part->number == GRAPH_OUTPUT) {
        snprintf(out, PART_TEXT, "graph %s %d", part->number == GRAPH_INPUT ? "input" : "output", index);
    } else {
        snprintf(out, PART_TEXT, "the graph's field %llu", (unsigned long long)part->number);
    }
}

/* Whether a whole part of the graph unpacks by itself. */
static bool part_is_sound(const field *part)
{
    const ProtobufCMessageDescriptor *type =
        part->number == GRAPH_NODE                                    ? &sy_onnx__node__descriptor
        : part->number == GRAPH_INITIALIZER                           ? &sy_onnx__tensor__descriptor
        : part->number == GRAPH_INPUT || part->number == GRAPH_OUTPUT ? &sy_onnx__value_info__descriptor
                                                                      : NULL;
    if (!type || !part->data)
        return true;
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, part->size, part->data);
    protobuf_c_message_free_unpacked(message, NULL);
    return message != NULL;
}

static sy_status explain_short(sy_ctx *ctx, const char *part, uint64_t missing, size_t size)
{
    return sy_fail(
        ctx, SY_E_MODEL,
        "the file is cut short: it ends after %zu bytes, inside %s, which needs at least %llu more; "
        "copy or download it again",
        size, part, (unsigned long long)missing);
}

static sy_status explain_graph(sy_ctx *ctx, const field *graph, size_t file_size)
{
    sy_bytes bytes = {.at = graph->data, .end = graph->data + graph->size};
    int counts[GRAPH_OUTPUT + 1] = {0};
    char text[PART_TEXT] = "the graph's beginning";
    field part;
    for (;;) {
        const step found = next_field(&bytes, &part);
        if (found == STEP_END && graph->missing)
            return explain_short(ctx, "the graph", graph->missing, file_size);
        if (found == STEP_END)
            return sy_fail(ctx, SY_E_MODEL, "the model is damaged behind its graph; copy or download it again");
        if (found == STEP_BAD)
            return sy_fail(ctx, SY_E_MODEL,
                           "the model is damaged after %s: what follows is not part of a graph", text);
        name_part(&part, counts, text);
        if (found == STEP_SHORT)
            return graph->missing
                       ? explain_short(ctx, text, part.missing, file_size)
                       : sy_fail(ctx, SY_E_MODEL, "the model is damaged: %s does not fit in the graph", text);
        if (!part_is_sound(&part))
            return sy_fail(ctx, SY_E_MODEL, "the model is damaged: %s is not readable", text);
        if (part.number <= GRAPH_OUTPUT)
            counts[part.number]++;
    }
}

sy_status sy_onnx_explain_damage(sy_ctx *ctx, const unsigned char *file, size_t size)
{
    sy_bytes bytes = {.at = file, .end = file + size};
    field part;
    for (;;) {
        const step found = next_field(&bytes, &part);
        if (part.number == MODEL_GRAPH && part.data && (found == STEP_FIELD || found == STEP_SHORT))
            return explain_graph(ctx, &part, size);
        if (found == STEP_SHORT && bytes.at != file)
            return explain_short(ctx, "the model's header", part.missing, size);
        if (found != STEP_FIELD)
            return sy_fail(ctx, SY_E_MODEL,
                           "this is not an ONNX model, nor a kind of file that we recognise");
    }
}
