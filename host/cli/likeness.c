#include <string.h>

#include "cli/cli.h"

size_t cli_likeness(const char *word, size_t length, const char *candidate)
{
    const size_t other = strlen(candidate);
    const size_t shorter = length < other ? length : other, longer = length < other ? other : length;
    size_t front = 0, back = 0;
    while (front < shorter && word[front] == candidate[front])
        front++;
    while (front + back < shorter && word[length - 1 - back] == candidate[other - 1 - back])
        back++;
    return 2 * (front + back) >= longer ? front + back : 0;
}
