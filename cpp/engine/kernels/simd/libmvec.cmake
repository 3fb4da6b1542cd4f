# dualtape_libmvec  glibc's vector mathematics, all of it (2.35 and later); empty where it is missing:
# the kernels have functions of their own. DUALTAPE_USE_LIBMVEC=OFF builds those anywhere.
include_guard(GLOBAL)
include(CheckCXXSourceCompiles)

option(DUALTAPE_USE_LIBMVEC "Use glibc's vector mathematics where it is found" ON)

add_library(dualtape_libmvec INTERFACE)
if(DUALTAPE_USE_LIBMVEC)
  set(CMAKE_REQUIRED_LIBRARIES mvec m)
  check_cxx_source_compiles("
    extern \"C\" void _ZGVbN2v_exp(), _ZGVdN4v_tanh(), _ZGVeN16v_erff();
    int main() {
      void (*const used[])() = {_ZGVbN2v_exp, _ZGVdN4v_tanh, _ZGVeN16v_erff};
      for (auto f : used) {
        if (!f) return 1;
      }
    }" DUALTAPE_HAS_LIBMVEC)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(DUALTAPE_HAS_LIBMVEC)
    target_compile_definitions(dualtape_libmvec INTERFACE DUALTAPE_LIBMVEC=1)
    target_link_libraries(dualtape_libmvec INTERFACE mvec m)
  endif()
endif()
