/* Every kernel, as OpenCL C. The build puts the text of all included files into the library. */
#include "kernels/codes.h"
#include "kernels/dialect.h"
#include "kernels/movement.h"
#include "kernels/pointwise.h"
#include "kernels/resize.h"
#include "kernels/rows.h"
