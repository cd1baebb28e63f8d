/* From what cuModuleLoadData takes to PTX text. */
#ifndef SY_TESTS_PTX_IMAGE_H
#define SY_TESTS_PTX_IMAGE_H

#include <stddef.h>

/* PTX text, a fatbin, or the wrapper nvcc puts around one: the longest PTX in it, NUL-terminated, to be
 * freed; NULL with a message if there is none to use.
 */
char *vm_image_ptx(const void *image, char *message, size_t message_bytes);

/* The text of a file, likewise. */
char *vm_image_read(const char *path, char *message, size_t message_bytes);

#endif
