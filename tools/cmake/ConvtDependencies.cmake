# The libraries convt stands on, each found where tools/build puts it.
include_guard()

find_package(Threads REQUIRED)
# Messages: fmt, compiled once into a static library, so that nothing of it is needed beside libconvt.
find_package(fmt 9 REQUIRED)
add_library(convt_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cpp)
target_include_directories(convt_fmt SYSTEM PUBLIC $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
# Loading: LLVM 19's ORC and JITLink, linked statically.
find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19)
# Describing and scheduling: the Halide SDK inside the PyPI wheel that tools/build installs; its soname carries no version, hence
# the exact pin.
file(GLOB halide_sdk ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3.*/site-packages/halide/lib64/cmake)
find_package(HalideHelpers 21.0.0 EXACT REQUIRED HINTS ${halide_sdk}/HalideHelpers)
find_package(Halide 21.0.0 EXACT REQUIRED COMPONENTS shared HINTS ${halide_sdk}/Halide)
