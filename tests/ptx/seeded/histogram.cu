/* Counts in shared memory first. */
extern "C" __global__ void histogram(const unsigned *x, unsigned *bins, unsigned n)
{
    __shared__ unsigned counts[64];
    if (threadIdx.x < 64)
        counts[threadIdx.x] = 0;
    __syncthreads(); /* counts are 0 */
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
        atomicAdd(&counts[x[i] % 64], 1u);
    __syncthreads(); /* counts are whole */
    if (threadIdx.x < 64)
        atomicAdd(&bins[threadIdx.x], counts[threadIdx.x]);
}
