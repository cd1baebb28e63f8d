/* A library in CLBlast's place that does nothing and answers a product of m rows by the status -m. */
#include <stddef.h>

typedef void *handle;

#define EXPORT __attribute__((visibility("default")))

EXPORT int CLBlastSgemmStridedBatched(int layout, int a_operation, int b_operation, size_t m, size_t n,
                                      size_t k, float alpha, handle a, size_t a_offset, size_t a_line,
                                      size_t a_stride, handle b, size_t b_offset, size_t b_line,
                                      size_t b_stride, float beta, handle c, size_t c_offset, size_t c_line,
                                      size_t c_stride, size_t count, handle *queue, handle *event);
int CLBlastSgemmStridedBatched(int layout, int a_operation, int b_operation, size_t m, size_t n, size_t k,
                               float alpha, handle a, size_t a_offset, size_t a_line, size_t a_stride,
                               handle b, size_t b_offset, size_t b_line, size_t b_stride, float beta,
                               handle c, size_t c_offset, size_t c_line, size_t c_stride, size_t count,
                               handle *queue, handle *event)
{
    (void)layout, (void)a_operation, (void)b_operation, (void)n, (void)k, (void)alpha, (void)a,
        (void)a_offset;
    (void)a_line, (void)a_stride, (void)b, (void)b_offset, (void)b_line, (void)b_stride, (void)beta, (void)c;
    (void)c_offset, (void)c_line, (void)c_stride, (void)count, (void)queue, (void)event;
    return -(int)m;
}

EXPORT int CLBlastClearCache(void);
int CLBlastClearCache(void)
{
    return 0;
}
