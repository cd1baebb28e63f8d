#include "quant/traits.h"

#include <string.h>

const sy_op_trait *sy_traits_find(const sy_traits *traits, const char *type)
{
    for (int i = 0; i < traits->op_count; i++)
        if (strcmp(traits->ops[i].type, type) == 0)
            return &traits->ops[i];
    return NULL;
}
