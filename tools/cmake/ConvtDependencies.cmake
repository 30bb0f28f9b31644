# The libraries convt stands on, each found where tools/build puts it.
include_guard()

find_package(Threads REQUIRED)
# Messages: fmt, header only, so that nothing of it is needed beside libconvt.
find_package(fmt 9 REQUIRED)
# Loading: LLVM 19's ORC and JITLink, linked statically.
find_package(LLVM 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19)
# Describing and scheduling: the Halide SDK inside the PyPI wheel; its soname carries no version, hence the exact pin.
find_package(HalideHelpers 21.0.0 EXACT REQUIRED)
find_package(Halide 21.0.0 EXACT REQUIRED COMPONENTS shared)
