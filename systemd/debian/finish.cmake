# Run by CPack over the staged tree: documents as Debian wants them, compressed without a time.
file(GLOB_RECURSE pages "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/man/*.[158]")
foreach(file ${pages} "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/roiwatch/changelog.Debian")
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
