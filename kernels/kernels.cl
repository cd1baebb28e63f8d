/* Every kernel, as OpenCL C. The build puts the text of all included files into the library. */
#include "kernels/dialect.h"
#include "kernels/pointwise.h"
