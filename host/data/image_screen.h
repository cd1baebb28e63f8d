/* What the decoder does not look at itself, checked before it sees a file. Inside data only. */
#ifndef SY_DATA_IMAGE_SCREEN_H
#define SY_DATA_IMAGE_SCREEN_H

#include "base/fail.h"

/* SY_E_DATA for what is no JPEG, PNG, BMP or binary PNM, for a file that is cut short (the decoder fills what
 * is missing with grey, or with whatever memory held), and for structures that would take the decoder past
 * its own tables.
 */
sy_status sy_image_screen(sy_ctx *ctx, const unsigned char *bytes, size_t size);

#endif
