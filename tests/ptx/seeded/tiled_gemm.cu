/* c[m][n] = sum over k of a[m][k] b[k][n], by tiles of 8 x 8. */
extern "C" __global__ void tiled_gemm(const float *a, const float *b, float *c, unsigned m, unsigned n, unsigned k)
{
    __shared__ float as[8][8], bs[8][8];
    const unsigned tx = threadIdx.x % 8, ty = threadIdx.x / 8;
    const unsigned row = blockIdx.y * 8 + ty, column = blockIdx.x * 8 + tx;
    float sum = 0;
    for (unsigned k0 = 0; k0 < k; k0 += 8) {
        as[ty][tx] = row < m && k0 + tx < k ? a[row * k + k0 + tx] : 0;
        bs[ty][tx] = column < n && k0 + ty < k ? b[(k0 + ty) * n + column] : 0;
        __syncthreads(); /* tiles are whole */
        for (unsigned l = 0; l < 8; l++)
            sum = fmaf(as[ty][l], bs[l][tx], sum);
        __syncthreads(); /* tiles were read */
    }
    if (row < m && column < n)
        c[row * n + column] = sum;
}
