# What `cmake --install` puts where. The libraries that other programs may link name their component
# with pitser_library(... EXPORT ...); the rest stands here.
#
#   bin/                      pitserd, pitser
#   lib/                      the exported libraries, static, and libpitser.so (capi/)
#   include/pitser.h          the C interface, and lib/pkgconfig/pitser.pc
#   lib/cmake/pitser/         the package: find_package(pitser)
#   include/pitser/           headers, as they lie in the repository: #include "ledger/..."
#   lib/systemd/system/       the unit, with the programs' own folder in it
#   share/pitser/             pitserd.toml, a commented sample; proto/, the contract
#   share/doc/pitser/         licence, changelog, guides, examples
#
# The component `programs` is what runs a node or uses one: bin/, the unit, share/. It needs the targets
# pitserd and pitser alone; everything, without --component, needs a whole build.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PITSER_INSTALL_HEADERS "${CMAKE_INSTALL_INCLUDEDIR}/pitser")
set(PITSER_INSTALL_CMAKE "${CMAKE_INSTALL_LIBDIR}/cmake/pitser")
# What find_package(pitser COMPONENTS ...) may name. `client` needs `ledger`; `c` needs nothing.
set(PITSER_COMPONENTS ledger client c)

# pitser_export(COMPONENT TARGET [HEADER...])
#   Installs the library and its headers; programs link it as pitser::NAME.
function(pitser_export COMPONENT TARGET)
  if(NOT COMPONENT IN_LIST PITSER_COMPONENTS)
    message(FATAL_ERROR "${TARGET}: no component ${COMPONENT}")
  endif()
  string(REGEX REPLACE "^pitser_" "" name ${TARGET})
  set_target_properties(${TARGET} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS ${TARGET} EXPORT pitser-${COMPONENT}
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          INCLUDES DESTINATION "${PITSER_INSTALL_HEADERS}")
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  install(FILES ${ARGN} DESTINATION "${PITSER_INSTALL_HEADERS}/${folder}")
endfunction()

# pitser_install()   Everything but the libraries. Called once, when all targets are there.
function(pitser_install)
  install(TARGETS pitserd pitser RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT programs)

  foreach(component IN LISTS PITSER_COMPONENTS)
    install(EXPORT pitser-${component} NAMESPACE pitser:: FILE pitser-${component}.cmake
            DESTINATION "${PITSER_INSTALL_CMAKE}")
  endforeach()
  set(package "${CMAKE_CURRENT_BINARY_DIR}/package")
  configure_package_config_file(cmake/pitserConfig.cmake.in "${package}/pitserConfig.cmake"
    INSTALL_DESTINATION "${PITSER_INSTALL_CMAKE}" NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a minor version may change anything.
  write_basic_package_version_file("${package}/pitserConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES "${package}/pitserConfig.cmake" "${package}/pitserConfigVersion.cmake"
          DESTINATION "${PITSER_INSTALL_CMAKE}")

  # The prefix is known only when it is installed: cmake --install --prefix.
  install(CODE "
    set(unit \"${PROJECT_SOURCE_DIR}/deploy/pitserd.service\")
    set(bin \"${CMAKE_INSTALL_BINDIR}\")
    set(made \"${package}/pitserd.service\")
    set(destination \"lib/systemd/system\")" COMPONENT programs)
  install(SCRIPT cmake/InstallUnit.cmake COMPONENT programs)

  set(share "${CMAKE_INSTALL_DATADIR}/pitser")
  install(FILES deploy/pitserd.toml DESTINATION "${share}" COMPONENT programs)
  install(FILES proto/pitser/v1/pitser.proto DESTINATION "${share}/proto/pitser/v1"
          COMPONENT programs)
  install(FILES LICENSE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}"
          COMPONENT programs)
  install(DIRECTORY docs examples DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT programs
          PATTERN __pycache__ EXCLUDE)
endfunction()
