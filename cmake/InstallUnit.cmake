# Run by cmake --install: the systemd unit, with the folder that the program was installed into.
# In: unit, bin, made, destination (cmake/PitserInstall.cmake), CMAKE_INSTALL_PREFIX.
get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE)
if(NOT IS_ABSOLUTE "${bin}")
  set(bin "${prefix}/${bin}")
endif()
file(READ "${unit}" text)
string(REPLACE "ExecStart=/usr/local/bin/pitserd " "ExecStart=${bin}/pitserd " changed "${text}")
if(NOT changed MATCHES "\nExecStart=${bin}/pitserd ")
  message(FATAL_ERROR "${unit} has no ExecStart=/usr/local/bin/pitserd")
endif()
file(WRITE "${made}" "${changed}")
file(INSTALL "${made}" DESTINATION "${prefix}/${destination}")
