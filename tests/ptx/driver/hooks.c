/* What the stand-in libcublas.so tells and asks the stand-in libcuda.so.1 from inside cuLaunchHostFunc, where
 * the lock is held. */
#include "driver/hooks.h"

#include "driver/driver.h"

EXPORT bool sy_ptx_can_touch(uint64_t address, uint64_t bytes, bool writes)
{
    const vm_memory *memory = &drv.machine.memory;
    char place[256];
    if (vm_memory_holding(memory, address, bytes)) {
        if (writes)
            vm_memory_wrote(memory, address, bytes);
        return true;
    }
    vm_describe(&drv.machine, address, place, sizeof place);
    drv.broken = drv_refuse(CUDA_ERROR_ILLEGAL_ADDRESS,
                            "cuBLAS: %s of %llu bytes that are not all in one allocation: %s",
                            writes ? "write" : "read", (unsigned long long)bytes, place);
    return false;
}
