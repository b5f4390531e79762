// Peak of one core: billions of flops a second of independent multiply-adds in the widest vectors. Prints the best of
// many short runs.
#include <chrono>
#include <cstdio>

#if defined(__AVX512F__)
constexpr int lanes = 8;
#elif defined(__AVX__)
constexpr int lanes = 4;
#else
constexpr int lanes = 2;
#endif
typedef double V __attribute__((vector_size(lanes * 8)));

int main() {
    constexpr int chains = 12;  // latency times throughput needs 8 to 10
    constexpr long rounds = 400000;
    volatile double multiplier = 0.999999, summand = 1e-6;  // unknown to the compiler
    double best = 0, sum = 0;
    for (int run = 0; run < 40; ++run) {
        V a[chains];
        for (int i = 0; i < chains; ++i) a[i] = V{} + 1.0 + i;
        const V factor = V{} + multiplier, term = V{} + summand;
        const auto began = std::chrono::steady_clock::now();
        for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 12
            for (int i = 0; i < chains; ++i) a[i] = a[i] * factor + term;
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began;
        for (int i = 0; i < chains; ++i) sum += a[i][0];
        const double gflops = 2.0 * lanes * chains * rounds / time.count() * 1e-9;
        if (gflops > best) best = gflops;
    }
    std::printf("%.6f %d %g\n", best, lanes, sum);
}
