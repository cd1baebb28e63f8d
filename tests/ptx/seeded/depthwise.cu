/* y[c][i] = sum over t of w[c][t] x[c][i + t - 1], zero outside. */
extern "C" __global__ void depthwise(const float *x, const float *w, float *y, int channels, int width)
{
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= channels * width)
        return;
    const int c = i / width, at = i % width;
    float sum = 0;
    for (int t = 0; t < 3; t++) {
        const int from = at + t - 1;
        if (from >= 0 && from < width)
            sum = fmaf(w[c * 3 + t], x[c * width + from], sum);
    }
    y[i] = sum;
}
