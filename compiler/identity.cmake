# Run at build time (cmake -P): writes OUTPUT from TEMPLATE with a hash over the SOURCES, which are paths relative to
# ROOT in a file, one a line. Paths enter relative, so the same sources give the same identity wherever they lie.
file(STRINGS ${SOURCES} sources)
list(SORT sources)
set(all "")
foreach(source IN LISTS sources)
    file(SHA256 ${ROOT}/${source} hash)
    string(APPEND all "${source} ${hash}\n")
endforeach()
string(SHA256 SOURCES_HASH "${all}")
string(SUBSTRING ${SOURCES_HASH} 0 16 SOURCES_HASH)
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
