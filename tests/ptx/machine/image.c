#include "machine/image.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fatbin is a header and entries; what is known of them comes from looking at what nvcc 13 writes. */
static const uint32_t wrapper_magic = 0x466243b1, fatbin_magic = 0xba55ed50;
enum { KIND_PTX = 1, FLAG_LZ4 = 0x2000, FLAG_ZSTD = 0x8000 };

typedef struct {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes; /* of all entries */
} fatbin_header;

typedef struct {
    uint16_t kind, version;
    uint32_t header_bytes;
    uint64_t payload_bytes;
    uint32_t compressed_bytes, options;
    uint16_t minor, major;
    uint32_t arch, name_offset, name_bytes;
    uint64_t flags, zero, decompressed_bytes;
} fatbin_entry;

static uint32_t magic_of(const void *image)
{
    uint32_t magic;
    memcpy(&magic, image, sizeof magic);
    return magic;
}

static char *copy(const void *text, size_t bytes)
{
    char *out = malloc(bytes + 1);
    if (out) {
        memcpy(out, text, bytes);
        out[bytes] = '\0';
    }
    return out;
}

static char *largest_ptx(const uint8_t *fatbin, char *message, size_t message_bytes)
{
    fatbin_header header;
    memcpy(&header, fatbin, sizeof header);
    const uint8_t *at = fatbin + header.header_bytes, *end = at + header.bytes, *best = NULL;
    size_t best_bytes = 0;
    int compressed = 0;
    fatbin_entry entry;
    for (; end - at >= (ptrdiff_t)sizeof entry; at += entry.header_bytes + entry.payload_bytes) {
        memcpy(&entry, at, sizeof entry);
        const uint64_t room = (uint64_t)(end - at);
        if (entry.header_bytes < 32 || entry.header_bytes > room ||
            entry.payload_bytes > room - entry.header_bytes)
            break;
        if (entry.kind != KIND_PTX)
            continue;
        if (entry.flags & (FLAG_LZ4 | FLAG_ZSTD))
            compressed = 1;
        else if (entry.payload_bytes > best_bytes) {
            best = at + entry.header_bytes;
            best_bytes = entry.payload_bytes;
        }
    }
    if (best)
        return copy(best, best_bytes);
    snprintf(message, message_bytes, "the fatbin holds %s",
             compressed ? "only compressed PTX: give nvcc --no-compress"
                        : "no PTX: give nvcc -gencode with code=compute_75");
    return NULL;
}

char *vm_image_ptx(const void *image, char *message, size_t message_bytes)
{
    const uint8_t *bytes = image;
    const void *inner;
    if (magic_of(image) == wrapper_magic) {
        memcpy(&inner, bytes + 8, sizeof inner);
        return vm_image_ptx(inner, message, message_bytes);
    }
    if (magic_of(image) == fatbin_magic)
        return largest_ptx(bytes, message, message_bytes);
    if (memcmp(image, "\177ELF", 4) == 0) {
        snprintf(message, message_bytes, "the image is machine code of a GPU: the executor needs PTX");
        return NULL;
    }
    return copy(image, strlen(image));
}

char *vm_image_read(const char *path, char *message, size_t message_bytes)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long bytes = -1;
    if (file && fseek(file, 0, SEEK_END) == 0)
        bytes = ftell(file);
    if (bytes >= 0 && fseek(file, 0, SEEK_SET) == 0)
        text = calloc(1, (size_t)bytes + 1);
    if (text && fread(text, 1, (size_t)bytes, file) != (size_t)bytes) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    if (!text)
        snprintf(message, message_bytes, "cannot read '%s'", path);
    return text;
}
