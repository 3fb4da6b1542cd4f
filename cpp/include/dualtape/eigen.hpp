/// Dual and Var in Eigen's matrices. One header, so that no source file has matrices of tape
/// variables without their nodes.
#pragma once

#include <dualtape/decompositions.hpp>
#include <dualtape/eigen_scalars.hpp>
