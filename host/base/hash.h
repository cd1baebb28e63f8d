/* SHA-256, by nettle. Users compare these with what sha256sum prints. */
#ifndef SY_BASE_HASH_H
#define SY_BASE_HASH_H

#include <stddef.h>

enum { SY_HASH_BYTES = 32, SY_HASH_TEXT = 65 };

typedef struct sy_hash {
    unsigned char bytes[SY_HASH_BYTES];
} sy_hash;

sy_hash sy_hash_of(const void *bytes, size_t size);
void sy_hash_print(const sy_hash *hash, char out[SY_HASH_TEXT]); /* lower-case hex and a NUL */

#endif
