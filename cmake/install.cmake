# What `cmake --install` installs: the binary, its manual and completions, and the library with find_package(cutract).
#
# The libraries of the tree that prediction needs become one archive, libcutract.a, because a user of the library need
# not know them. Of the libraries that they use, a user needs those that are linked; headers of theirs are not needed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
set(objects)
foreach(room IN ITEMS core device io corpus run kernels features eval nn model)
  list(APPEND objects $<TARGET_OBJECTS:cutract_${room}>)
  if(CUTRACT_PIC)
    # Without semantic interposition, functions are inlined as in a program, so the results keep their bits.
    set_target_properties(cutract_${room} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_options(cutract_${room} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-semantic-interposition>)
  endif()
endforeach()
# Only training writes TensorBoard's events, which would make every user of the library need protobuf.
add_library(cutract_library STATIC $<FILTER:${objects},EXCLUDE,/events\\.cpp\\.o>)
add_dependencies(cutract_library cutract_model)
add_library(cutract::cutract ALIAS cutract_library)
set_target_properties(cutract_library PROPERTIES OUTPUT_NAME cutract EXPORT_NAME cutract LINKER_LANGUAGE CXX)
target_compile_features(cutract_library INTERFACE cxx_std_20)
target_include_directories(cutract_library INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(cutract_library PRIVATE
  fmt::fmt spdlog::spdlog Threads::Threads OpenSSL::Crypto ZLIB::ZLIB
  PkgConfig::OPENBLAS PkgConfig::SNDFILE PkgConfig::SOXR)
if(CUTRACT_SANITIZE)
  target_link_options(cutract_library INTERFACE -fsanitize=${CUTRACT_SANITIZE})
endif()
if(CUTRACT_CUDA)
  target_link_libraries(cutract_library PRIVATE CUDA::cudart cutract::cublas cutract::cufft ${CMAKE_DL_LIBS})
  if(CudaLibraries_CUDNN_VERSION)
    target_link_libraries(cutract_library PRIVATE cutract::cudnn)
  endif()
endif()

if(NOT CUTRACT_INSTALL)
  return()
endif()
# The manual page and the completions come from the program itself, so they have every command and option of this build.
set(made ${PROJECT_BINARY_DIR}/generated/share)
set(pages ${made}/cutract.1 ${made}/cutract ${made}/_cutract ${made}/cutract.fish)
add_custom_command(OUTPUT ${pages}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
  COMMAND cutract manual > ${made}/cutract.1
  COMMAND cutract completions bash > ${made}/cutract
  COMMAND cutract completions zsh > ${made}/_cutract
  COMMAND cutract completions fish > ${made}/cutract.fish
  DEPENDS cutract VERBATIM)
add_custom_target(cutract_pages ALL DEPENDS ${pages})
install(FILES ${made}/cutract.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES ${made}/cutract DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${made}/_cutract DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT program)
install(FILES ${made}/cutract.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/cutract)
install(TARGETS cutract RUNTIME COMPONENT program)
install(TARGETS cutract_library EXPORT cutract ARCHIVE COMPONENT library)
install(EXPORT cutract NAMESPACE cutract:: FILE cutractTargets.cmake DESTINATION ${package} COMPONENT library)
install(FILES include/cutract/inverter.h include/cutract/log.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cutract COMPONENT library)
install(FILES host/core/error.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cutract COMPONENT library)
configure_package_config_file(cmake/cutractConfig.cmake.in ${PROJECT_BINARY_DIR}/generated/cutractConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/cutractConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/cutractConfig.cmake ${PROJECT_BINARY_DIR}/generated/cutractConfigVersion.cmake
  DESTINATION ${package} COMPONENT library)
if(CUTRACT_CUDA)
  install(FILES cmake/FindCudaLibraries.cmake DESTINATION ${package} COMPONENT library)
endif()
