/// The colourings of the header-only core, among the engine's names.
#pragma once

#include "dualtape/sparse/colouring.hpp"
#include "sparse/pattern.hpp"

namespace dualtape::engine {

using sparse::Colour;
using sparse::colour;
using sparse::Colouring;
using sparse::Directions;
using sparse::kNoColour;
using sparse::star_colour;
using sparse::StarColouring;

}  // namespace dualtape::engine
