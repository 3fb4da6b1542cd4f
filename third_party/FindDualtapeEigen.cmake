# Finds Eigen >= 3.4 and defines the imported target dualtape_eigen (SYSTEM includes).
#
# In this order: DUALTAPE_EIGEN_DIR (CMake or environment variable, the folder that holds
# Eigen/Core), an installed Eigen (its CMake package), the headers-only wheel cmeel-eigen, in
# pip's build environment or in the site-packages of the Python found. No download: see
# third_party/README.md.

if(TARGET dualtape_eigen)
  return()
endif()

set(DUALTAPE_EIGEN_DIR "$ENV{DUALTAPE_EIGEN_DIR}" CACHE PATH "Folder that holds Eigen/Core")

set(DUALTAPE_EIGEN_INCLUDE "")
if(DUALTAPE_EIGEN_DIR)
  if(NOT EXISTS "${DUALTAPE_EIGEN_DIR}/Eigen/Core")
    message(FATAL_ERROR "DUALTAPE_EIGEN_DIR: wanted a folder holding Eigen/Core, "
                        "got ${DUALTAPE_EIGEN_DIR}")
  endif()
  set(DUALTAPE_EIGEN_INCLUDE "${DUALTAPE_EIGEN_DIR}")
else()
  find_package(Eigen3 3.4 CONFIG QUIET)
  if(TARGET Eigen3::Eigen)
    get_target_property(DUALTAPE_EIGEN_INCLUDE Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  else()
    find_package(Python COMPONENTS Interpreter QUIET)
    set(DUALTAPE_SITE_PACKAGES "")
    if(Python_Interpreter_FOUND)
      execute_process(
        COMMAND "${Python_EXECUTABLE}" -c "import sys; print(';'.join(filter(None, sys.path)))"
        OUTPUT_VARIABLE DUALTAPE_SITE_PACKAGES OUTPUT_STRIP_TRAILING_WHITESPACE)
    endif()
    find_path(DUALTAPE_EIGEN_FOUND_INCLUDE Eigen/Core
              HINTS ${DUALTAPE_SITE_PACKAGES}
              PATH_SUFFIXES cmeel.prefix/include/eigen3 include/eigen3 eigen3)
    if(DUALTAPE_EIGEN_FOUND_INCLUDE)
      set(DUALTAPE_EIGEN_INCLUDE "${DUALTAPE_EIGEN_FOUND_INCLUDE}")
    endif()
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DualtapeEigen
  REQUIRED_VARS DUALTAPE_EIGEN_INCLUDE
  REASON_FAILURE_MESSAGE "pip install cmeel-eigen==3.4.1, or set DUALTAPE_EIGEN_DIR")

if(DualtapeEigen_FOUND)
  add_library(dualtape_eigen INTERFACE IMPORTED GLOBAL)
  target_include_directories(dualtape_eigen SYSTEM INTERFACE "${DUALTAPE_EIGEN_INCLUDE}")
  # Only the parts under MPL-2; the few LGPL files of Eigen 3.4 become an error.
  target_compile_definitions(dualtape_eigen INTERFACE EIGEN_MPL2_ONLY)
endif()
