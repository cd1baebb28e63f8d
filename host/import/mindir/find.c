/* Finding things in a model that was read. */
#include <string.h>

#include "import/mindir/model.h"

const char *sy_mind_local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon && colon[1] ? colon + 1 : name;
}

static const sy_mind_attr *find_attr(const sy_mind_attr *attrs, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(attrs[i].name, name) == 0)
            return &attrs[i];
    return NULL;
}

const sy_mind_attr *sy_mind_attr_of(const sy_mind_node *node, const char *name)
{
    const sy_mind_attr *own = find_attr(node->attrs, node->attr_count, name);
    if (own || !node->primitive)
        return own;
    return find_attr(node->primitive->attrs, node->primitive->attr_count, name);
}

int sy_mind_find_node(const sy_mind_model *model, const char *output)
{
    int low = 0, high = model->all_count; /* the first of this name: sub graphs may repeat the graph's */
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(model->nodes[model->by_output[middle]].output, output) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const bool found =
        low < model->all_count && strcmp(model->nodes[model->by_output[low]].output, output) == 0;
    return found ? model->by_output[low] : SY_NONE;
}

int sy_mind_find_function(const sy_mind_model *model, const char *name)
{
    int low = 0, high = model->function_count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(model->functions[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SY_NONE;
}

int sy_mind_find_argument(const sy_mind_model *model, const char *name)
{
    int low = 0, high = model->argument_count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(model->arguments[middle].name, name);
        if (order == 0)
            return model->arguments[middle].index;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SY_NONE;
}

const sy_mind_attr *sy_mind_constant(const sy_mind_model *model, const sy_mind_node *node, int input)
{
    if (input >= node->input_count)
        return NULL;
    const int maker = sy_mind_find_node(model, node->inputs[input]);
    if (maker == SY_NONE || strcmp(model->nodes[maker].type, "Constant") != 0)
        return NULL;
    return sy_mind_attr_of(&model->nodes[maker], "value");
}
