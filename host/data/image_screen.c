#include "data/image_screen.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static sy_status cut_short(sy_ctx *ctx)
{
    return sy_fail(ctx, SY_E_DATA, "is cut short: the end of the picture is missing");
}

/* The tables of one DHT segment (ITU-T T.81, B.2.4.2): a byte, 16 counts of codes, as many symbols. There are
 * 256 symbols; stb_image 2.27 has room for no more and does not count.
 */
static bool are_huffman_tables(const unsigned char *at, const unsigned char *end)
{
    while (end - at >= 17) {
        int codes = 0;
        for (int i = 1; i <= 16; i++)
            codes += at[i];
        if (codes > 256 || end - at < 17 + codes)
            return false;
        at += 17 + codes;
    }
    return at == end;
}

/* Walks the segments up to the end-of-image marker. ITU-T T.81, B.1.1: segments have a length, entropy-coded
 * data runs to the next 0xff that is not followed by 0 or a restart marker (0xd0 to 0xd7).
 */
static sy_status screen_jpeg(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    enum { DHT = 0xc4, EOI = 0xd9, TEM = 0x01, RST0 = 0xd0, SOI = 0xd8 };
    size_t at = 2;
    while (at < size) {
        const unsigned char *next = memchr(bytes + at, 0xff, size - at);
        at = next ? (size_t)(next - bytes) : size;
        while (at < size && bytes[at] == 0xff) /* any number of them may come before a marker */
            at++;
        if (at == size || bytes[at] == EOI)
            break;
        const unsigned char marker = bytes[at++];
        if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= SOI)) /* no segment follows */
            continue;
        if (size - at < 2)
            break;
        const size_t length = (size_t)bytes[at] << 8 | bytes[at + 1];
        if (length > size - at)
            break;
        if (marker == DHT && (length < 2 || !are_huffman_tables(bytes + at + 2, bytes + at + length)))
            return sy_fail(ctx, SY_E_DATA, "is a JPEG with a damaged Huffman table");
        at += length;
    }
    return at < size && bytes[at] == EOI ? SY_OK : cut_short(ctx);
}

static sy_status screen_png(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    size_t at = 8; /* chunks of length, type, data, checksum follow the signature */
    while (size - at >= 12) {
        const unsigned char *chunk = bytes + at;
        const size_t length =
            (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        if (length > size - at - 12)
            break;
        if (memcmp(chunk + 4, "IEND", 4) == 0)
            return SY_OK;
        at += length + 12;
    }
    return cut_short(ctx);
}

/* The header holds the size of the file, which some writers leave 0. */
static sy_status screen_bmp(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    if (size < 6 ||
        size < ((size_t)bytes[5] << 24 | (size_t)bytes[4] << 16 | (size_t)bytes[3] << 8 | bytes[2]))
        return cut_short(ctx);
    return SY_OK;
}

/* Blanks, and comments from # to the end of the line. */
static size_t skip_blanks(const unsigned char *bytes, size_t size, size_t at)
{
    bool comment = false;
    for (; at < size && (comment || bytes[at] == '#' || isspace(bytes[at])); at++)
        comment = bytes[at] == '#' || (comment && bytes[at] != '\n' && bytes[at] != '\r');
    return at;
}

/* "P5" or "P6", width, height, greatest value, one blank, and then every sample as it is. */
static sy_status screen_pnm(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    size_t at = 2, numbers[3]; /* width, height, greatest value */
    for (int i = 0; i < 3; i++) {
        at = skip_blanks(bytes, size, at);
        numbers[i] = 0;
        const size_t first = at;
        for (; at < size && isdigit(bytes[at]) && numbers[i] < 1000000; at++)
            numbers[i] = numbers[i] * 10 + (size_t)(bytes[at] - '0');
        if (at == size)
            return cut_short(ctx);
        if (at == first || !isspace(bytes[at]))
            return sy_fail(ctx, SY_E_DATA, "is a PNM with a damaged header");
    }
    /* A factor is below 10^7, and size_t has 64 bits. */
    const size_t samples = numbers[0] * numbers[1] * (bytes[1] == '6' ? 3 : 1);
    return size - at - 1 < samples * (numbers[2] > 255 ? 2 : 1) ? cut_short(ctx) : SY_OK;
}

sy_status sy_image_screen(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size == 0)
        return sy_fail(ctx, SY_E_DATA, "is empty");
    if (size >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8)
        return screen_jpeg(ctx, bytes, size);
    if (size >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        return screen_png(ctx, bytes, size);
    if (size >= 2 && bytes[0] == 'B' && bytes[1] == 'M')
        return screen_bmp(ctx, bytes, size);
    if (size >= 2 && bytes[0] == 'P' && (bytes[1] == '5' || bytes[1] == '6'))
        return screen_pnm(ctx, bytes, size);
    return sy_fail(ctx, SY_E_DATA, "is no JPEG, PNG, BMP or PNM photograph");
}
