# How every target of convt is compiled: warnings are errors, sanitizers where asked for.
include_guard()

# An installed tree may be moved: programs and libraries look for libraries beside themselves.
set(CMAKE_INSTALL_RPATH $ORIGIN/../lib)

add_library(convt_flags INTERFACE)
target_compile_options(convt_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
target_include_directories(convt_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(CONVT_SANITIZE)
    target_compile_options(convt_flags INTERFACE -fsanitize=${CONVT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(convt_flags INTERFACE -fsanitize=${CONVT_SANITIZE})
endif()

# convt_library(NAME SOURCES...): a static, position-independent library of one part.
function(convt_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:convt_flags>)
endfunction()
