/* Where a model says that its external data is. */
#ifndef SY_IMPORT_LOCATION_H
#define SY_IMPORT_LOCATION_H

#include <stdbool.h>

/* A model must not make us read files outside its folder: false for absolute paths and those with "..". A
 * backslash or colon separates on other systems. */
bool sy_location_stays_below(const char *location);

/* What stands before the last '/' of a path; "." where there is none. The caller frees it; NULL: no memory.
 */
char *sy_folder_of(const char *path);

#endif
