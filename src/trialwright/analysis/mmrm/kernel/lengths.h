// How many trials go through the mixed model together: as many as one vector of the machine holds. A compiler keeps
// longer vectors in memory, and what a lane holds does not depend on how many there are beside it.
#pragma once

namespace portable {
constexpr int WIDTH = 2;
}
namespace avx2 {
constexpr int WIDTH = 4;
}
namespace avx512 {
constexpr int WIDTH = 8;
}
