# Builds the libraries and programs that are shipped, without tests and benchmarks.
add_custom_target(pitser_code)

# The labels of tests; the target LABEL_tests builds all programs of a label.
set(PITSER_TEST_LABELS unit property integration crash e2e interop guard tsan)
foreach(label IN LISTS PITSER_TEST_LABELS)
  add_custom_target(${label}_tests)
endforeach()

# pitser_library(NAME [EXPORT component] SRCS ... HDRS ... [PRIVATE_HDRS ...] DEPS ... [PRIVATE_DEPS ...])
#   A static library pitser_NAME with the alias pitser::NAME; includes run from the repository root.
#   DEPS are seen by users of the headers, PRIVATE_DEPS only by the sources. With EXPORT it is
#   installed, with HDRS but not PRIVATE_HDRS (cmake/PitserInstall.cmake).
function(pitser_library NAME)
  cmake_parse_arguments(ARG "" "EXPORT" "SRCS;HDRS;PRIVATE_HDRS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target pitser_${NAME})
  pitser_lean_or_shared(ARG_DEPS ${ARG_DEPS})
  pitser_lean_or_shared(ARG_PRIVATE_DEPS ${ARG_PRIVATE_DEPS})
  if(ARG_SRCS)
    add_library(${target} STATIC ${ARG_SRCS} ${ARG_HDRS} ${ARG_PRIVATE_HDRS})
    target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_link_libraries(${target} PUBLIC ${ARG_DEPS}
                                    PRIVATE $<BUILD_INTERFACE:pitser_settings> ${ARG_PRIVATE_DEPS})
    add_dependencies(pitser_code ${target})
  else()
    add_library(${target} INTERFACE ${ARG_HDRS})
    target_include_directories(${target} INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
    target_link_libraries(${target} INTERFACE ${ARG_DEPS})
  endif()
  add_library(pitser::${NAME} ALIAS ${target})
  if(ARG_EXPORT)
    pitser_export(${ARG_EXPORT} ${target} ${ARG_HDRS})
  endif()
endfunction()

# pitser_program(NAME [LEAN] SRCS ... DEPS ...)
#   An executable in bin/. LEAN: one that starts quickly (cmake/PitserLean.cmake).
function(pitser_program NAME)
  cmake_parse_arguments(ARG "LEAN" "" "SRCS;DEPS" ${ARGN})
  add_executable(${NAME} ${ARG_SRCS})
  set_target_properties(${NAME} PROPERTIES PITSER_LEAN "${ARG_LEAN}")
  target_include_directories(${NAME} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${NAME} PRIVATE pitser_settings ${ARG_DEPS})
endfunction()

# What both kinds of test share: registers COMMAND with ctest; PROGRAMS are the targets that it runs.
function(pitser_add_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT;DEFAULT_LABEL" "COMMAND;PROGRAMS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS ${ARG_DEFAULT_LABEL})
  endif()
  if(ARG_PROGRAMS)
    foreach(label IN LISTS ARG_LABELS)
      add_dependencies(${label}_tests ${ARG_PROGRAMS})
    endforeach()
  endif()
  add_test(NAME ${NAME} COMMAND ${ARG_COMMAND})
  set_tests_properties(${NAME} PROPERTIES
    LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "PITSER_SOURCE_DIR=${PROJECT_SOURCE_DIR};PITSER_BIN_DIR=${CMAKE_BINARY_DIR}/bin")
endfunction()

# pitser_test(NAME SRCS ... DEPS ... [PROGRAMS ...] [LABELS ...] [TIMEOUT seconds])
#   A GoogleTest program registered with ctest as one test. Labels choose what a run takes:
#   unit (the default), property, integration, crash, e2e; `tsan` marks those that ThreadSanitizer
#   may run, and `interop` those that need other projects' programs. PROGRAMS are targets that it
#   starts; it finds them in the folder PITSER_BIN_DIR.
function(pitser_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS;PROGRAMS" ${ARGN})
  pitser_program(${NAME} SRCS ${ARG_SRCS} DEPS ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  # What is tested is compiled as it is shipped; the tests' own code need not be: -O3 over
  # GoogleTest's macros takes half as long again, and gcc 12 then warns of what is not there.
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  pitser_add_test(${NAME} COMMAND ${NAME} PROGRAMS ${NAME} ${ARG_PROGRAMS}
                  LABELS ${ARG_LABELS} DEFAULT_LABEL unit TIMEOUT ${ARG_TIMEOUT})
endfunction()

# pitser_script_test(NAME SCRIPT file [PROGRAMS ...] [LABELS ...] [TIMEOUT seconds])
#   A Python script as one test (label e2e by default), run with Debian's own interpreter, which has
#   the gRPC package.
function(pitser_script_test NAME)
  cmake_parse_arguments(ARG "" "SCRIPT;TIMEOUT" "ARGUMENTS;PROGRAMS;LABELS" ${ARGN})
  pitser_add_test(${NAME}
                  COMMAND /usr/bin/python3 "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCRIPT}" ${ARG_ARGUMENTS}
                  PROGRAMS ${ARG_PROGRAMS} LABELS ${ARG_LABELS} DEFAULT_LABEL e2e
                  TIMEOUT ${ARG_TIMEOUT})
endfunction()
