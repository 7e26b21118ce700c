# Programs that start quickly. Debian's gRPC, Protobuf and abseil are some fifty shared libraries, and
# finding, mapping and binding them takes longer than verifying a signature. A lean program has their
# archives inside instead (docs/decisions/0008-lean-start.md); OpenSSL stays shared.
#
# The libraries of this project serve both kinds: where one of them names absl::status, it means the
# shared library or the archive, by the property PITSER_LEAN of the program that is linked.

# A program is lean when it says pitser_program(... LEAN), unless this is off.
option(PITSER_LEAN "Link the archives of gRPC, Protobuf and abseil into `pitser`" ON)

# pitser_twin(OUT LIBRARY)   The same library as an archive, with all that it needs; LIBRARY itself
#   where there is no archive of it.
function(pitser_twin OUT LIBRARY)
  set(${OUT} ${LIBRARY} PARENT_SCOPE)
  if(LIBRARY STREQUAL "PkgConfig::LIBARCHIVE")
    pitser_archive_twin(twin)
    set(${OUT} ${twin} PARENT_SCOPE)
    return()
  endif()
  if(NOT TARGET ${LIBRARY} OR NOT LIBRARY MATCHES "^(absl::|gRPC::|protobuf::libprotobuf$|c-ares::cares$|re2::re2$)")
    return()
  endif()
  string(REPLACE "::" "_" name ${LIBRARY})
  set(twin pitser_lean::${name})
  if(TARGET ${twin})
    set(${OUT} ${twin} PARENT_SCOPE)
    return()
  endif()
  get_target_property(type ${LIBRARY} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    add_library(${twin} INTERFACE IMPORTED GLOBAL)
  else()
    pitser_location(shared ${LIBRARY})
    string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${shared}")
    if(NOT archive MATCHES "\\.a$" OR NOT EXISTS "${archive}")
      message(STATUS "No archive of ${LIBRARY}: it stays a shared library in lean programs")
      return()
    endif()
    add_library(${twin} STATIC IMPORTED GLOBAL)
    set_target_properties(${twin} PROPERTIES IMPORTED_LOCATION "${archive}")
  endif()
  foreach(property INTERFACE_INCLUDE_DIRECTORIES INTERFACE_COMPILE_DEFINITIONS)
    get_target_property(value ${LIBRARY} ${property})
    if(value)
      set_target_properties(${twin} PROPERTIES ${property} "${value}")
    endif()
  endforeach()
  get_target_property(needs ${LIBRARY} INTERFACE_LINK_LIBRARIES)
  set(own_needs)
  foreach(need IN LISTS needs)
    if(need)
      pitser_twin(own_need "${need}")
      list(APPEND own_needs "${own_need}")
    endif()
  endforeach()
  if(LIBRARY STREQUAL "protobuf::libprotobuf")
    list(APPEND own_needs ZLIB::ZLIB) # Which the shared library brings along by itself.
  endif()
  target_link_libraries(${twin} INTERFACE ${own_needs})
  set(${OUT} ${twin} PARENT_SCOPE)
endfunction()

# libarchive brings a library for each format that it can read, ten of them. Of its archive a program
# takes what writes tar and ZIP; that needs zlib, and nettle for encryption, which nobody asks for.
function(pitser_archive_twin OUT)
  set(twin pitser_lean::libarchive)
  find_library(PITSER_LIBARCHIVE_ARCHIVE libarchive.a)
  find_library(PITSER_NETTLE nettle)
  if(NOT PITSER_LIBARCHIVE_ARCHIVE OR NOT PITSER_NETTLE)
    message(STATUS "No archive of libarchive: it stays a shared library in lean programs")
    set(${OUT} PkgConfig::LIBARCHIVE PARENT_SCOPE)
    return()
  endif()
  if(NOT TARGET ${twin})
    add_library(${twin} STATIC IMPORTED GLOBAL)
    set_target_properties(${twin} PROPERTIES IMPORTED_LOCATION "${PITSER_LIBARCHIVE_ARCHIVE}")
    target_link_libraries(${twin} INTERFACE ${PITSER_NETTLE} ZLIB::ZLIB)
    # What writes other formats is taken by name only, and goes again with what it would need.
    target_link_options(${twin} INTERFACE -Wl,--gc-sections)
  endif()
  set(${OUT} ${twin} PARENT_SCOPE)
endfunction()

# The file of an imported library: Debian's packages have one build type, and call it differently.
function(pitser_location OUT LIBRARY)
  foreach(property IMPORTED_LOCATION_NONE IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION)
    get_target_property(location ${LIBRARY} ${property})
    if(location)
      set(${OUT} "${location}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${OUT} "" PARENT_SCOPE)
endfunction()

# pitser_lean_or_shared(OUT DEP...)   The same dependencies, of which those that have a twin mean it
#   in lean programs. Who uses an installed library of ours gets the shared ones.
function(pitser_lean_or_shared OUT)
  set(result)
  foreach(dep IN LISTS ARGN)
    set(twin ${dep})
    if(PITSER_LEAN)
      pitser_twin(twin "${dep}")
    endif()
    if(twin STREQUAL dep)
      list(APPEND result "${dep}")
    else()
      list(APPEND result
        "$<BUILD_INTERFACE:$<IF:$<BOOL:$<TARGET_PROPERTY:PITSER_LEAN>>,${twin},${dep}>>"
        "$<INSTALL_INTERFACE:${dep}>")
    endif()
  endforeach()
  set(${OUT} "${result}" PARENT_SCOPE)
endfunction()
