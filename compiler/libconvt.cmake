# libconvt.so: what a C++ or C host links, without Halide and with LLVM's loader inside. Unloading it is not supported: loaded code and
# LLVM's state live as long as the process.
file(GLOB capi_sources CONFIGURE_DEPENDS capi/*.cpp)
add_library(convt SHARED ${capi_sources})
target_link_libraries(convt PRIVATE "$<LINK_LIBRARY:WHOLE_ARCHIVE,convt_runtime,convt_schedules,convt_worker>" convt_flags)
target_include_directories(convt INTERFACE ${CMAKE_SOURCE_DIR}/runtime/include ${CMAKE_SOURCE_DIR}/schedules/include
                                           ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_link_options(convt PRIVATE LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/libconvt.map LINKER:-z,nodelete
                                  LINKER:--no-undefined)
set_target_properties(convt PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/libconvt.map)
install(TARGETS convt LIBRARY DESTINATION lib)
