# The OpenCL backend: needs only headers to build, and the ICD loader, opened at run time, to be used.
set(SY_OPENCL AUTO CACHE STRING "The OpenCL backend: AUTO (where CL/cl.h is found), ON or OFF")
set_property(CACHE SY_OPENCL PROPERTY STRINGS AUTO ON OFF)
find_path(SY_OPENCL_INCLUDE_DIR CL/cl.h)
mark_as_advanced(SY_OPENCL_INCLUDE_DIR)
if(SY_OPENCL STREQUAL "ON" AND NOT SY_OPENCL_INCLUDE_DIR)
    message(FATAL_ERROR "CL/cl.h is missing: apt-get install opencl-headers, or configure with -DSY_OPENCL=OFF")
endif()
if(SY_OPENCL STREQUAL "OFF" OR NOT SY_OPENCL_INCLUDE_DIR)
    set(SY_HAS_OPENCL OFF)
    message(STATUS "OpenCL backend: no (SY_OPENCL=${SY_OPENCL}; it needs opencl-headers)")
    return()
endif()
set(SY_HAS_OPENCL ON)
message(STATUS "OpenCL backend: yes")

# The text of every kernel becomes part of the library.
set(SY_OPENCL_TEXT ${PROJECT_BINARY_DIR}/generated/opencl_source.c)
file(GLOB SY_KERNEL_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.h ${PROJECT_SOURCE_DIR}/kernels/kernels.cl)
add_custom_command(OUTPUT ${SY_OPENCL_TEXT}
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DSOURCE=kernels/kernels.cl -DSYMBOL=sy_opencl_source
            -DOUTPUT=${SY_OPENCL_TEXT} -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${SY_KERNEL_FILES} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)

file(GLOB SY_OPENCL_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/opencl/*.c)
target_sources(steelyard PRIVATE ${SY_OPENCL_SOURCES} ${SY_OPENCL_TEXT})
target_include_directories(steelyard SYSTEM PRIVATE ${SY_OPENCL_INCLUDE_DIR})
target_compile_definitions(steelyard PUBLIC SY_HAS_OPENCL)
target_link_libraries(steelyard PRIVATE ${CMAKE_DL_LIBS})
