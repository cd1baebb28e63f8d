#include "base/hash.h"

#include <nettle/sha2.h>
#include <stdio.h>

sy_hash sy_hash_of(const void *bytes, size_t size)
{
    struct sha256_ctx state;
    sy_hash hash;
    sha256_init(&state);
    sha256_update(&state, size, bytes);
    sha256_digest(&state, sizeof hash.bytes, hash.bytes);
    return hash;
}

void sy_hash_print(const sy_hash *hash, char out[SY_HASH_TEXT])
{
    for (size_t i = 0; i < SY_HASH_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", hash->bytes[i]);
}
