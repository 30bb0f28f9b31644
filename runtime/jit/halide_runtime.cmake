# Makes halide_runtime.o (Halide's stand-alone run time, every global symbol prefixed with convt_) and
# halide_runtime_symbols.inc (the functions a kernel may import from it) in the build folder of runtime/. The prefix
# keeps it apart from libHalide's own copy where a process has both.
# As a script: cmake -DNM= -DOBJCOPY= -DIN= -DOUT= -DTABLE= -P halide_runtime.cmake
if(CMAKE_SCRIPT_MODE_FILE)
    execute_process(COMMAND ${NM} --defined-only --extern-only --format=posix ${IN} OUTPUT_VARIABLE lines COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE "\n" ";" lines "${lines}")
    foreach(line IN LISTS lines)
        if(line MATCHES "^([A-Za-z0-9_]+) ([A-Za-z])")
            set(name ${CMAKE_MATCH_1})
            set(kind ${CMAKE_MATCH_2})
            string(APPEND renames "${name} convt_${name}\n")
            if(kind MATCHES "[WT]" AND name MATCHES
               "^halide_(malloc|free|do_par_for|error(_.*)?|copy_to_(device|host)|cuda_device_interface|device_(malloc|free|and_host_(malloc|free)|host_nop_free)|device_(free|and_host_free)_as_destructor)$")
                string(APPEND table "CONVT_HALIDE_SYMBOL(${name})\n")
            endif()
        endif()
    endforeach()
    file(WRITE ${OUT}.renames "${renames}")
    file(WRITE ${TABLE} "${table}")
    execute_process(COMMAND ${OBJCOPY} --redefine-syms=${OUT}.renames ${IN} ${OUT} COMMAND_ERROR_IS_FATAL ANY)
    return()
endif()

set(convt_halide_runtime_object ${CMAKE_CURRENT_BINARY_DIR}/halide_runtime.o)
set(convt_halide_runtime_table ${CMAKE_CURRENT_BINARY_DIR}/halide_runtime_symbols.inc)
add_custom_command(
    OUTPUT ${convt_halide_runtime_object} ${convt_halide_runtime_table}
    COMMAND convt_make_halide_runtime ${CMAKE_CURRENT_BINARY_DIR}/halide_runtime_plain.o cuda
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DOBJCOPY=${CMAKE_OBJCOPY} -DIN=${CMAKE_CURRENT_BINARY_DIR}/halide_runtime_plain.o
            -DOUT=${convt_halide_runtime_object} -DTABLE=${convt_halide_runtime_table} -P ${CMAKE_CURRENT_LIST_FILE}
    DEPENDS convt_make_halide_runtime ${CMAKE_CURRENT_LIST_FILE}
    COMMENT "Halide's stand-alone run time"
    VERBATIM)
