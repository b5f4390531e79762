// Peak of one core: billions of flops a second of independent multiply-adds in the widest vectors, in numbers of the type
// NUMBER (double, or float). Prints the best of many short runs.
#include <chrono>
#include <cstdio>

#if !defined(NUMBER)
#define NUMBER double
#endif
typedef NUMBER Number;

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
constexpr int lanes = bytes / int(sizeof(Number));
typedef Number V __attribute__((vector_size(bytes)));

int main() {
    constexpr int chains = 12;  // latency times throughput needs 8 to 10
    constexpr long rounds = 400000;
    volatile Number multiplier = Number(0.999999), summand = Number(1e-6);  // unknown to the compiler
    double best = 0, sum = 0;
    for (int run = 0; run < 40; ++run) {
        V a[chains];
        for (int i = 0; i < chains; ++i) a[i] = V{} + Number(1 + i);
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
