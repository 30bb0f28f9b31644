# convt_add_library(<name> PROBLEMS file [TARGETS ...] [SCHEDULES ...])
#
# Makes the static library target <name> from a problem file: link it and include "<name>.h".
#   PROBLEMS   lines of name<TAB>problem[<TAB>note]
#   TARGETS    instruction sets, or GPU architectures; the best one that the CPU or device has is picked at run time. Default: that of
#              convt-aot
#   SCHEDULES  tuned tables as convt-tune writes them: <target>.tsv files, or folders of them. They go before the tables shipped with
#              convt. The user's own tables are not read: a build depends on what it names
function(convt_add_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PROBLEMS" "TARGETS;SCHEDULES")
    if(NOT arg_PROBLEMS OR arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
        message(FATAL_ERROR "usage: convt_add_library(<name> PROBLEMS file [TARGETS ...] [SCHEDULES ...])")
    endif()
    if(NOT name MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
        message(FATAL_ERROR "convt_add_library: `${name}` cannot begin C functions: it must match [A-Za-z_][A-Za-z0-9_]*")
    endif()
    get_filename_component(problems "${arg_PROBLEMS}" ABSOLUTE)
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/convt/${name}")
    set(tables_folder "${folder}/schedules")
    file(MAKE_DIRECTORY "${tables_folder}")

    set(options "")
    if(arg_TARGETS)
        list(JOIN arg_TARGETS "," targets)
        set(options --targets "${targets}")
    endif()
    convt_gather_tables("${tables_folder}" tables ${arg_SCHEDULES})

    set(compiler "")
    if(CMAKE_C_COMPILER)
        set(compiler "CC=${CMAKE_C_COMPILER}")
    endif()
    get_target_property(convt_aot convt::aot IMPORTED_LOCATION)
    add_custom_command(
        OUTPUT "${folder}/lib${name}.a" "${folder}/${name}.h"
        COMMAND "${CMAKE_COMMAND}" -E env ${compiler} "${convt_aot}" --problems "${problems}" --name "${name}" --out "${folder}"
                --db "${tables_folder}" ${options}
        DEPENDS "${problems}" "${convt_aot}" ${tables}
        COMMENT "Transposed convolutions: lib${name}.a"
        VERBATIM)
    add_custom_target(${name}_archive DEPENDS "${folder}/lib${name}.a" "${folder}/${name}.h")

    add_library(${name} STATIC IMPORTED GLOBAL)
    set_target_properties(${name} PROPERTIES
        IMPORTED_LOCATION "${folder}/lib${name}.a"
        INTERFACE_INCLUDE_DIRECTORIES "${folder}"
        INTERFACE_LINK_LIBRARIES Threads::Threads)
    add_dependencies(${name} ${name}_archive)
endfunction()

# Copies the tables into one folder, as convt-aot takes them; `result` receives the copies. CMake runs again when one changes.
function(convt_gather_tables folder result)
    set(copies "")
    foreach(item IN LISTS ARGN)
        get_filename_component(path "${item}" ABSOLUTE)
        if(IS_DIRECTORY "${path}")
            file(GLOB files CONFIGURE_DEPENDS "${path}/*.tsv")
        elseif(EXISTS "${path}")
            set(files "${path}")
        else()
            message(FATAL_ERROR "convt_add_library: SCHEDULES: ${path}: there is no such file or folder")
        endif()
        foreach(file IN LISTS files)
            get_filename_component(table "${file}" NAME)
            if("${folder}/${table}" IN_LIST copies)
                message(FATAL_ERROR "convt_add_library: SCHEDULES: two tables are called ${table}")
            endif()
            configure_file("${file}" "${folder}/${table}" COPYONLY)
            list(APPEND copies "${folder}/${table}")
        endforeach()
    endforeach()
    file(GLOB present "${folder}/*.tsv")
    foreach(file IN LISTS present)
        if(NOT file IN_LIST copies)
            file(REMOVE "${file}")
        endif()
    endforeach()
    set(${result} "${copies}" PARENT_SCOPE)
endfunction()
