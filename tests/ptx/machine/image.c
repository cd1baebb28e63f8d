#include "machine/image.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A fatbin is a header and entries; what is known of them comes from looking at what nvcc 13 writes. */
static const uint32_t wrapper_magic = 0x466243b1, fatbin_magic = 0xba55ed50;
enum { KIND_PTX = 1, FLAG_LZ4 = 0x2000, FLAG_ZSTD = 0x8000, MAX_TEXT = 256 << 20 };

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

typedef size_t zstd_decompress(void *to, size_t room, const void *from, size_t bytes);
typedef int lz4_decompress(const char *from, char *to, int bytes, int room);

/* nvcc compresses by zstd, or by LZ4 with --compress-mode=speed; the libraries are opened when they are
 * needed. */
static bool decompress(const fatbin_entry *entry, const uint8_t *from, char *to)
{
    const bool is_lz4 = entry->flags & FLAG_LZ4;
    void *library = dlopen(is_lz4 ? "liblz4.so.1" : "libzstd.so.1", RTLD_NOW);
    void *function = library ? dlsym(library, is_lz4 ? "LZ4_decompress_safe" : "ZSTD_decompress") : NULL;
    uint64_t got = 0;
    if (function && is_lz4) {
        lz4_decompress *lz4;
        memcpy(&lz4, &function, sizeof lz4);
        got = (uint64_t)lz4((const char *)from, to, (int)entry->compressed_bytes,
                            (int)entry->decompressed_bytes);
    } else if (function) {
        zstd_decompress *zstd;
        memcpy(&zstd, &function, sizeof zstd);
        got = zstd(to, entry->decompressed_bytes, from, entry->compressed_bytes);
    }
    if (library)
        dlclose(library);
    return got == entry->decompressed_bytes;
}

static uint64_t text_bytes(const fatbin_entry *entry)
{
    return entry->flags & (FLAG_LZ4 | FLAG_ZSTD) ? entry->decompressed_bytes : entry->payload_bytes;
}

/* The entry of PTX with the longest text; NULL if there is none. */
static const uint8_t *largest_ptx(const uint8_t *fatbin, fatbin_entry *best)
{
    fatbin_header header;
    fatbin_entry entry;
    const uint8_t *found = NULL;
    memcpy(&header, fatbin, sizeof header);
    const uint8_t *at = fatbin + header.header_bytes, *end = at + header.bytes;
    for (; end - at >= (ptrdiff_t)sizeof entry; at += entry.header_bytes + entry.payload_bytes) {
        const uint64_t room = (uint64_t)(end - at);
        memcpy(&entry, at, sizeof entry);
        if (entry.header_bytes < sizeof entry - 16 || entry.header_bytes > room ||
            entry.payload_bytes > room - entry.header_bytes)
            break;
        if (entry.kind != KIND_PTX || (found && text_bytes(&entry) <= text_bytes(best)))
            continue;
        found = at + entry.header_bytes;
        *best = entry;
    }
    return found;
}

static char *fatbin_ptx(const uint8_t *fatbin, char *message, size_t message_bytes)
{
    fatbin_entry entry = {0};
    const uint8_t *payload = largest_ptx(fatbin, &entry);
    if (!payload) {
        snprintf(message, message_bytes,
                 "the fatbin holds no PTX: give nvcc -gencode=arch=compute_75,code=compute_75");
        return NULL;
    }
    if (!(entry.flags & (FLAG_LZ4 | FLAG_ZSTD)))
        return copy(payload, entry.payload_bytes);
    char *text = entry.decompressed_bytes < MAX_TEXT ? calloc(1, entry.decompressed_bytes + 1) : NULL;
    if (text && decompress(&entry, payload, text))
        return text;
    free(text);
    snprintf(message, message_bytes,
             "the PTX in the fatbin cannot be decompressed: install %s, or give nvcc --no-compress",
             entry.flags & FLAG_LZ4 ? "liblz4-1" : "libzstd1");
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
        return fatbin_ptx(bytes, message, message_bytes);
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
