# The convt package: `convt::convt`, the library for hosts that ask for kernels at run time, and `convt_add_library`, which compiles
# problems ahead of time. Needs CMake 3.25 and, for archives, binutils beside the C compiler.
if(CMAKE_VERSION VERSION_LESS 3.25)
    set(convt_FOUND FALSE)
    set(convt_NOT_FOUND_MESSAGE "convt needs CMake 3.25 or newer, this is ${CMAKE_VERSION}")
    return()
endif()

include(CMakeFindDependencyMacro)
find_dependency(Threads)

get_filename_component(convt_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET convt::convt)
    add_library(convt::convt SHARED IMPORTED)
    set_target_properties(convt::convt PROPERTIES
        IMPORTED_LOCATION "${convt_prefix}/lib/libconvt.so"
        INTERFACE_INCLUDE_DIRECTORIES "${convt_prefix}/include"
        INTERFACE_COMPILE_FEATURES cxx_std_20
        INTERFACE_LINK_LIBRARIES Threads::Threads)
    add_executable(convt::aot IMPORTED)
    set_target_properties(convt::aot PROPERTIES IMPORTED_LOCATION "${convt_prefix}/bin/convt-aot")
endif()

include("${CMAKE_CURRENT_LIST_DIR}/convtAddLibrary.cmake")
