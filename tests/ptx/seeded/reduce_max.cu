/* The largest of each block's part of x. */
extern "C" __global__ void reduce_max(const float *x, float *y, unsigned n)
{
    __shared__ float best[128];
    const unsigned i = blockIdx.x * 128 + threadIdx.x;
    best[threadIdx.x] = i < n ? x[i] : -3e38f;
    __syncthreads(); /* before the tree */
    for (unsigned half = 64; half > 0; half /= 2) {
        if (threadIdx.x < half)
            best[threadIdx.x] = fmaxf(best[threadIdx.x], best[threadIdx.x + half]);
        __syncthreads(); /* in the tree */
    }
    if (threadIdx.x == 0)
        y[blockIdx.x] = best[0];
}
