/* y = x by four floats, and the rest one by one. */
extern "C" __global__ void copy_vectors(const float *x, float *y, unsigned n)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, vectors = n / 4;
    if (i < vectors)
        ((float4 *)y)[i] = ((const float4 *)(x + 0))[i];
    else if (i - vectors < n % 4)
        y[4 * vectors + i - vectors] = x[4 * vectors + i - vectors];
}
