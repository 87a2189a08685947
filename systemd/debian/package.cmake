# The Debian package, made by CPack: `./dev package`. It is for the release of Debian that builds it, as it depends on
# the libraries there.
file(READ /etc/os-release os_release)
string(REGEX MATCH "VERSION_ID=\"?([0-9]+)" matched "${os_release}")
set(debian_release ${CMAKE_MATCH_1})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME roiwatch)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "roiwatch developers <roiwatch@packages.invalid>")
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~deb${debian_release}" CACHE STRING "revision of the package")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# Below the one line of project().
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "roiwatch reads impressions, clicks and orders from Kafka, keeps exact running
sums per campaign over rolling and calendar windows in Redis, and flags the
campaigns that fall short of their return on investment. Every event counts
once, also after a crash, a rebalance or a lost Redis.

The service is started by the operator, once its configuration names Kafka
and Redis.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server (>= 5:7.0)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script postinst prerm postrm conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/${script})
endforeach()
set(CPACK_STRIP_FILES ON)
# The configuration goes to /etc, outside of the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
  WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)

# Documents that only the package has.
string(TIMESTAMP ROIWATCH_BUILD_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(STRINGS ${PROJECT_SOURCE_DIR}/LICENSE license)
set(ROIWATCH_LICENSE "")
foreach(line IN LISTS license)
  if(line MATCHES "^Copyright (\\(c\\) )?(.+)$")
    set(ROIWATCH_COPYRIGHT "${CMAKE_MATCH_2}")
  elseif(line AND NOT line STREQUAL "MIT License")
    string(APPEND ROIWATCH_LICENSE " ${line}\n")
  elseif(ROIWATCH_LICENSE)
    string(APPEND ROIWATCH_LICENSE " .\n")
  endif()
endforeach()
foreach(document changelog copyright)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${document}.in ${PROJECT_BINARY_DIR}/debian/${document} @ONLY)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/debian/changelog DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME changelog.Debian)
install(FILES ${PROJECT_BINARY_DIR}/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${CMAKE_CURRENT_LIST_DIR}/overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME roiwatch)
include(CPack)
