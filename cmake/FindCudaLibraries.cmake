# Finds NVIDIA's libraries: defines cutract::cublas, cutract::cufft and, if it is found, cutract::cudnn.
# CudaLibraries_CUDNN_VERSION is empty without cuDNN 9.
#
# Searches the toolkit first (CUDAToolkit_INCLUDE_DIRS, CUDAToolkit_LIBRARY_DIR), then the system's library folders,
# then the nvidia/ packages of the Python that CUTRACT_PYTHON names. These packages contain only versioned names
# (libcudnn.so.9, not libcudnn.so), in nvidia/cudnn/{include,lib} or, for several libraries together, in
# nvidia/cu13/{include,lib}.
set(CUTRACT_PYTHON python3 CACHE STRING "A Python whose nvidia/ packages are searched for CUDA libraries last")

execute_process(
  COMMAND ${CUTRACT_PYTHON} -c
          "import importlib.util as u; s = u.find_spec('nvidia'); print(';'.join(s.submodule_search_locations) if s else '')"
  OUTPUT_VARIABLE places OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(packages)
if(NOT failed)
  foreach(place IN LISTS places)
    file(GLOB found LIST_DIRECTORIES true ${place}/*)
    list(APPEND packages ${found})
  endforeach()
endif()

# cuda_library(NAME HEADER MAJOR): defines the target cutract::NAME if both its header and its library are found.
function(cuda_library name header major)
  string(TOUPPER ${name} upper)
  find_path(${upper}_INCLUDE_DIR ${header}
    HINTS ${CUDAToolkit_INCLUDE_DIRS} PATHS ${packages} PATH_SUFFIXES include)
  find_library(${upper}_LIBRARY NAMES lib${name}.so.${major} lib${name}.so
    HINTS ${CUDAToolkit_LIBRARY_DIR} PATHS ${packages} PATH_SUFFIXES lib lib64)
  mark_as_advanced(${upper}_INCLUDE_DIR ${upper}_LIBRARY)
  if(${upper}_INCLUDE_DIR AND ${upper}_LIBRARY AND NOT TARGET cutract::${name})
    # Imported as a shared library with its full path, so that CMake puts its folder into the RPATH of the targets.
    add_library(cutract::${name} SHARED IMPORTED)
    set_target_properties(cutract::${name} PROPERTIES IMPORTED_LOCATION ${${upper}_LIBRARY})
    # A library that the toolkit contains must not come from elsewhere: the toolkit's headers are all of one version.
    if(NOT ${upper}_INCLUDE_DIR IN_LIST CUDAToolkit_INCLUDE_DIRS)
      set_target_properties(cutract::${name} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${${upper}_INCLUDE_DIR})
    endif()
  endif()
endfunction()

cuda_library(cublas cublas_v2.h 13)
cuda_library(cufft cufft.h 12)
cuda_library(cudnn cudnn_version.h 9)

set(CudaLibraries_CUDNN_VERSION "")
if(TARGET cutract::cudnn)
  file(STRINGS ${CUDNN_INCLUDE_DIR}/cudnn_version.h lines REGEX "#define CUDNN_(MAJOR|MINOR|PATCHLEVEL) [0-9]+")
  string(REGEX REPLACE "[^0-9;]" "" numbers "${lines}")
  string(REPLACE ";" "." version "${numbers}")
  if(version VERSION_GREATER_EQUAL 9)  # earlier versions lack the calls used, and need sequence lengths in device memory
    set(CudaLibraries_CUDNN_VERSION ${version})
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CudaLibraries
  REQUIRED_VARS CUBLAS_LIBRARY CUBLAS_INCLUDE_DIR CUFFT_LIBRARY CUFFT_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "the CUDA 13 toolkit has them, and so have Python packages: -DCUTRACT_PYTHON=PATH names a Python with those")
