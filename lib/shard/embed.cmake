# Turns lib/shard/lua/*.lua into one C file of byte arrays, at configure time.
file(GLOB lua_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/shard/lua/*.lua)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${lua_files})
set(text "#include \"lib/shard/scripts.h\"\n#include \"lib/shard/scripts_text.h\"\n\n")
foreach(lua_file ${lua_files})
  get_filename_component(name ${lua_file} NAME_WE)
  file(READ ${lua_file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const unsigned char bytes_${name}[] = {${bytes}};\n"
    "const struct span script_text_${name} = {(const char *)bytes_${name}, sizeof(bytes_${name})};\n")
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/scripts_text.c CONTENT "${text}" @ONLY)
target_sources(rw_shard PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/scripts_text.c)
