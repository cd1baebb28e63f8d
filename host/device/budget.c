#include "device/budget.h"

#include <stdbool.h>

void sy_budget_init(sy_budget *budget)
{
    pthread_mutex_init(&budget->lock, NULL);
    budget->used = budget->limit = 0;
}

void sy_budget_destroy(sy_budget *budget)
{
    pthread_mutex_destroy(&budget->lock);
}

sy_status sy_budget_reserve(sy_ctx *ctx, sy_budget *budget, size_t bytes, const char *kind, int index,
                            const char *name)
{
    pthread_mutex_lock(&budget->lock);
    const size_t limit = budget->limit, used = budget->used;
    const bool fits = !limit || (used <= limit && bytes <= limit - used);
    if (fits)
        budget->used += bytes;
    pthread_mutex_unlock(&budget->lock);
    if (fits)
        return SY_OK;
    return sy_fail(ctx, SY_E_MEMORY,
                   "device %s:%d (%s): %zu bytes more than the %zu in use are beyond the limit of %zu: use a "
                   "smaller --batch, fewer --workers or a larger --max-mem",
                   kind, index, name, bytes, used, limit);
}

void sy_budget_give_back(sy_budget *budget, size_t bytes)
{
    pthread_mutex_lock(&budget->lock);
    budget->used -= bytes;
    pthread_mutex_unlock(&budget->lock);
}

size_t sy_budget_left(sy_budget *budget, size_t capacity)
{
    pthread_mutex_lock(&budget->lock);
    const size_t all = budget->limit && budget->limit < capacity ? budget->limit : capacity;
    const size_t left = all > budget->used ? all - budget->used : 0;
    pthread_mutex_unlock(&budget->lock);
    return left;
}
