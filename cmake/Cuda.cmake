# The CUDA backend needs nothing of the toolkit but nvcc, for the kernels that become part of the library. Driver and cuBLAS
# are opened at run time. Without nvcc the backend is built, and says when it is asked for that the kernels are missing.
set(SY_CUDA AUTO CACHE STRING "The CUDA backend: AUTO (with kernels where nvcc is found), ON (nvcc is required) or OFF")
set_property(CACHE SY_CUDA PROPERTY STRINGS AUTO ON OFF)
set(SY_CUDA_ARCHITECTURES "75;80;86;89;90;100;120" CACHE STRING
    "Compute capabilities to compile kernels for, besides the PTX that every card from 7.5 on can run; may be empty")
find_program(SY_NVCC nvcc HINTS /usr/local/cuda/bin)
mark_as_advanced(SY_NVCC)
if(SY_CUDA STREQUAL "ON" AND NOT SY_NVCC)
    message(FATAL_ERROR "nvcc is missing: install the CUDA toolkit, or configure with -DSY_CUDA=AUTO or OFF")
endif()
if(SY_CUDA STREQUAL "OFF")
    message(STATUS "CUDA backend: no (SY_CUDA=OFF)")
    return()
endif()

file(GLOB SY_CUDA_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cuda/*.c)
target_sources(steelyard PRIVATE ${SY_CUDA_SOURCES})
target_compile_definitions(steelyard PUBLIC SY_HAS_CUDA)
target_link_libraries(steelyard PRIVATE ${CMAKE_DL_LIBS})
if(NOT SY_NVCC)
    message(STATUS "CUDA backend: without kernels (nvcc is not found)")
    return()
endif()
message(STATUS "CUDA backend: kernels for PTX 7.5 ${SY_CUDA_ARCHITECTURES}")

# Exact: nothing contracted, nothing flushed, division and square root rounded correctly. Not compressed, so that the PTX
# can be read by what has no decompressor.
set(SY_NVCC_FLAGS -I${PROJECT_SOURCE_DIR} --fmad=false --ftz=false --prec-div=true --prec-sqrt=true)
set(SY_CUDA_CODE -gencode arch=compute_75,code=compute_75)
foreach(architecture ${SY_CUDA_ARCHITECTURES})
    list(APPEND SY_CUDA_CODE -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
set(SY_CUDA_IMAGE ${PROJECT_BINARY_DIR}/generated/kernels.fatbin)
file(GLOB SY_CUDA_KERNELS CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.h ${PROJECT_SOURCE_DIR}/kernels/kernels.c[lu])
add_custom_command(OUTPUT ${SY_CUDA_IMAGE}
    COMMAND ${SY_NVCC} ${SY_NVCC_FLAGS} --threads 2 -fatbin --no-compress ${SY_CUDA_CODE} -o ${SY_CUDA_IMAGE}
            ${PROJECT_SOURCE_DIR}/kernels/kernels.cu
    DEPENDS ${SY_CUDA_KERNELS} VERBATIM COMMENT "Compiling kernels for CUDA")
set_source_files_properties(${PROJECT_SOURCE_DIR}/cuda/image.c PROPERTIES
    COMPILE_DEFINITIONS "SY_CUDA_IMAGE=\"${SY_CUDA_IMAGE}\"" OBJECT_DEPENDS ${SY_CUDA_IMAGE})
