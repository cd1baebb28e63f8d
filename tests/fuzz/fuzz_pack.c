/* Containers of compressed models, their streams of codes, and codes there and back; the first byte says
 * which. Hashes of head and table are made to fit, or nothing would get past them. What is accepted must keep
 * its promises.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pack/container_table.h"
#include "pack/find.h"

/* A stream may ask for this much at most, so that many fit in a second. */
enum { BYTES_MAX = 1 << 22, CODES_MAX = 1 << 20 };

static void *copy_of(const uint8_t *bytes, size_t size)
{
    void *copy = malloc(size + !size);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

static void put_u64(unsigned char *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

/* The head of a container whose table begins where it says. */
static void fit_head(unsigned char *file, size_t size)
{
    sy_bytes source = {.at = file + 24, .end = file + size};
    const uint64_t table = sy_bytes_u64(&source);
    put_u64(file + 16, size);
    put_u64(file + 32, table <= size ? size - table : 0);
    if (table <= size) {
        const sy_hash hash = sy_hash_of(file + table, size - table);
        memcpy(file + 40, hash.bytes, SY_HASH_BYTES);
    }
    const sy_hash hash = sy_hash_of(file, SY_CONTAINER_HEAD - SY_HASH_BYTES);
    memcpy(file + SY_CONTAINER_HEAD - SY_HASH_BYTES, hash.bytes, SY_HASH_BYTES);
}

static void use_container(sy_ctx *ctx, const sy_container *container)
{
    uint64_t total = 0;
    for (uint32_t f = 0; f < container->file_count; f++) {
        FUZZ_CHECK(!sy_container_name_fault(container->files[f].name));
        total += container->files[f].size;
    }
    if (total > BYTES_MAX)
        return;
    for (uint32_t f = 0; f < container->file_count && f < 4; f++) {
        unsigned char *bytes = NULL;
        if (sy_container_read_file(ctx, container, f, &bytes) != SY_OK)
            continue;
        const sy_hash hash = sy_hash_of(bytes, container->files[f].size);
        FUZZ_CHECK(memcmp(hash.bytes, container->files[f].hash.bytes, SY_HASH_BYTES) == 0);
        free(bytes);
    }
}

static void try_container(sy_ctx *ctx, const uint8_t *bytes, size_t size)
{
    sy_container container = {0};
    unsigned char *file = copy_of(bytes, size);
    if (size >= SY_CONTAINER_HEAD)
        fit_head(file, size);
    if (sy_container_open(ctx, file, size, &container) == SY_OK)
        use_container(ctx, &container);
    sy_container_release(&container);
    free(file);
}

/* A form of 13 bytes, then the stream. */
static void try_stream(sy_ctx *ctx, const uint8_t *bytes, size_t size)
{
    static const int widths[] = {4, 8, 16, 8};
    sy_bytes source = {.at = bytes, .end = bytes + size};
    const sy_coding coding = (sy_coding)sy_bytes_u8(&source);
    const uint8_t kind = sy_bytes_u8(&source);
    const sy_element element = {widths[kind % 4], kind & 4};
    sy_code_form form = {.bits = 1 + sy_bytes_u8(&source) % 16};
    form.segments = sy_bytes_u32(&source) % CODES_MAX + 1;
    form.count = sy_bytes_u32(&source) % CODES_MAX + 1;
    form.channels = sy_bytes_u8(&source) + 1u;
    form.inner = sy_bytes_u8(&source) + 1u;
    int16_t fills[256];
    for (int i = 0; i < 256; i++)
        fills[i] = (int16_t)(i % 4 - 2);
    form.fills = fills;
    if (source.failed)
        return;
    const size_t stream_bytes = (size_t)(source.end - source.at);
    void *stream = copy_of(source.at, stream_bytes), *out = malloc(sy_element_bytes(element, form.count));
    if (!out)
        abort();
    sy_codes_decode(ctx, coding, stream, stream_bytes, &form, element, out);
    free(out);
    free(stream);
}

/* Codes as they are: whatever they are, they come back. */
static void try_codes(sy_ctx *ctx, const uint8_t *bytes, size_t size)
{
    static const int widths[] = {4, 8, 16, 8};
    if (size < 4 || size > 1 << 16)
        return;
    const sy_element element = {widths[bytes[0] % 4], bytes[0] & 4};
    const size_t plain = size - 3, count = element.bits == 4    ? 2 * plain
                                           : element.bits == 16 ? plain / 2
                                                                : plain;
    const int64_t dims[] = {bytes[1] + 1, (int64_t)(count / (bytes[1] + 1u))};
    const bool fits = (size_t)(dims[0] * dims[1]) == count;
    int16_t *codes = malloc((count + 1) * sizeof *codes);
    void *back = malloc(plain);
    sy_packed_codes packed = {0};
    if (!codes || !back)
        abort();
    if (count) {
        sy_elements_to_codes(element, bytes + 3, count, codes);
        FUZZ_CHECK(sy_codes_encode(ctx, codes, count, plain, dims, fits ? 2 : 0, bytes[2] + 1u, &packed) ==
                   SY_OK);
        if (packed.coding != SY_CODING_NONE) {
            FUZZ_CHECK(packed.stream.size < plain);
            FUZZ_CHECK(sy_codes_decode(ctx, packed.coding, packed.stream.bytes, packed.stream.size,
                                       &packed.form, element, back) == SY_OK);
            FUZZ_CHECK(memcmp(back, bytes + 3, sy_element_bytes(element, count)) == 0);
        }
    }
    sy_packed_codes_release(&packed);
    free(back);
    free(codes);
}

/* Places of tensors are inside the model, whatever it is. */
static void try_find(sy_ctx *ctx, const uint8_t *bytes, size_t size)
{
    sy_pack_found found = {0};
    if (sy_pack_find(ctx, bytes, size, &found) == SY_OK)
        for (size_t t = 0; t < found.count; t++) {
            const sy_pack_tensor *tensor = &found.tensors[t];
            const size_t taken = sy_element_bytes(tensor->element, tensor->count);
            FUZZ_CHECK(tensor->file > 0 || (tensor->place <= size && taken <= size - tensor->place));
            FUZZ_CHECK(tensor->file <= found.location_count);
        }
    sy_pack_found_release(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    if (!size || sy_ctx_create(&ctx) != SY_OK)
        return 0;
    switch (bytes[0] % 4) {
    case 0: try_container(ctx, bytes + 1, size - 1); break;
    case 1: try_stream(ctx, bytes + 1, size - 1); break;
    case 2: try_codes(ctx, bytes + 1, size - 1); break;
    default: try_find(ctx, bytes + 1, size - 1); break;
    }
    sy_ctx_destroy(ctx);
    return 0;
}
