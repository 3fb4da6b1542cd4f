/// dualtape for C++: derivatives of any order over Eigen, header-only.
#pragma once

#include <dualtape/drivers.hpp>
#include <dualtape/dual.hpp>
#include <dualtape/eigen.hpp>
#include <dualtape/external.hpp>
#include <dualtape/ops/registry.hpp>
#include <dualtape/tape.hpp>
#include <dualtape/taylor.hpp>
