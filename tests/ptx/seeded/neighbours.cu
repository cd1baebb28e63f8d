/* y[i] = x[i] - x[i - 1] within a block, through shared memory. */
extern "C" __global__ void neighbours(const float *x, float *y, unsigned n)
{
    __shared__ float part[64];
    const unsigned i = blockIdx.x * 64 + threadIdx.x;
    if (i < n)
        part[threadIdx.x] = x[i];
    __syncthreads();
    if (i < n)
        y[i] = part[threadIdx.x] - (threadIdx.x > 0 ? part[threadIdx.x - 1] : 0);
}
