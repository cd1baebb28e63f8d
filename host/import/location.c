#include "import/location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

bool sy_location_stays_below(const char *location)
{
    if (*location == '/' || strpbrk(location, "\\:"))
        return false;
    for (const char *part = location; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

char *sy_folder_of(const char *path)
{
    const char *base = sy_path_base(path);
    const size_t length = base == path ? 0 : (size_t)(base - path);
    char *folder = malloc(length + 2);
    if (folder)
        snprintf(folder, length + 2, "%.*s", (int)(length ? length : 1), length ? path : ".");
    return folder;
}
