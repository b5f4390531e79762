// The critical-point equations of a stratum at one point, in coefficients, and Newton's method for them.
//
// Local coordinates, F and H are those of homotopy_lcn/equations/critical_equations.py: the factors vary along
// orthonormal bases of their complements, the first factor of power one along itself as well; without such a factor
// the scalar varies, relatively.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "small_forms.hpp"
#include "small_matrices.hpp"

namespace homotopy_lcn {
namespace plain {

constexpr int most_factors = 8, most_coordinates = 48;

struct Factor {
    int degree, power, dilation, block;
    int at;  // where its coefficients stand in a point
};

struct Stratum {
    int count = 0, filter_size = 1, dimension = 1, coordinates = 1, free = -1;
    Factor factors[most_factors];

    void add(int degree, int power, int dilation, int block) {
        factors[count] = {degree, power, dilation, block, coordinates};
        if (power == 1 && free < 0) free = count;
        filter_size += degree * power * dilation;
        dimension += degree;
        coordinates += degree + 1;
        ++count;
    }
};

// The Gram matrix (K, K) and the moment vector (K) of one data set.
template <class Given>
struct GivenData {
    const Given *gram, *b;
};
using Data = GivenData<double>;

// Entries of the data as numbers of type T, and times such a number.
template <class T, class Given>
inline T number_of(const Given& given) {
    if constexpr (std::is_same_v<Given, double>) return T(RealOf<T>(given));
    else return given;
}
template <class T, class Given>
inline T times_given(const Given& given, const T& number) {
    if constexpr (std::is_same_v<Given, double>) return RealOf<T>(given) * number;
    else return given * number;
}

struct Tolerances {
    double verified, end_rounding, small_step, reused_matrix;
};

template <class T>
inline Form<T> factor_of(const Factor& factor, const T* point) {
    return Form<T>(point + factor.at, factor.degree + 1);
}
template <class T>
inline Form<T> filter_of(const Stratum& stratum, const T* point) {
    Form<T> result(point[0]);
    for (int f = 0; f < stratum.count; ++f) {
        const Factor& factor = stratum.factors[f];
        result = product(result, power(factor_of(factor, point), factor.power), factor.dilation);
    }
    return result;
}

// Every factor scaled to norm one; the filter stays.
template <class T>
inline void normalize(const Stratum& stratum, T* point) {
    using R = RealOf<T>;
    for (int f = 0; f < stratum.count; ++f) {
        const Factor& factor = stratum.factors[f];
        const R norm = std::sqrt(square_norm(point + factor.at, factor.degree + 1)), inverse = 1 / norm;
        for (int i = 0; i <= factor.degree; ++i) point[factor.at + i] = inverse * point[factor.at + i];
        for (int i = 0; i < factor.power; ++i) point[0] = norm * point[0];
    }
}

// Bases of the complements of the factors: entry (i, j) of factor f is of[f][i × degree + j].
template <class T>
struct Bases {
    T of[most_factors][most_coordinates * 4];

    Bases(const Stratum& stratum, const T* point) { lay(stratum, point); }
    void lay(const Stratum& stratum, const T* point) {
        using R = RealOf<T>;
        for (int f = 0; f < stratum.count; ++f) {
            const int e = stratum.factors[f].degree;
            const T* q = point + stratum.factors[f].at;
            const R inverse = 1 / std::sqrt(square_norm(q, e + 1)), first = inverse * size_of(q[0]);
            const T phase = first > 0 ? (inverse / first) * q[0] : T(1);
            for (int i = 0; i <= e; ++i) {
                const T v = i == 0 ? inverse * q[0] + phase : inverse * q[i];
                for (int j = 0; j < e; ++j) {
                    of[f][i * e + j] = (-inverse / (1 + first)) * (v * conj(q[j + 1]));
                    if (i == j + 1) of[f][i * e + j] += T(1);
                }
            }
        }
    }
};

// F in coefficients: half the gradient in all coordinates, and the filter.
template <class T, class Given>
inline Form<T> half_gradient(const Stratum& stratum, const T* point, const GivenData<Given>& data, T* gradient) {
    using R = RealOf<T>;
    const int K = stratum.filter_size;
    Form<T> before[most_factors + 1], powers[most_factors];
    before[0] = Form<T>(point[0]);
    for (int f = 0; f < stratum.count; ++f) {
        const Factor& factor = stratum.factors[f];
        powers[f] = power(factor_of(factor, point), factor.power);
        before[f + 1] = product(before[f], powers[f], factor.dilation);
    }
    const Form<T>& filter = before[stratum.count];
    T residual[most_coefficients];
    for (int i = 0; i < K; ++i) {
        residual[i] = -number_of<T>(data.b[i]);
        for (int j = 0; j < K; ++j) residual[i] += times_given(data.gram[i * K + j], filter.c[j]);
    }
    Form<T> after(T(1));
    for (int f = stratum.count - 1; f >= 0; --f) {
        const Factor& factor = stratum.factors[f];
        Form<T> rest = product(before[f], after);
        if (factor.power > 1)
            rest = product(rest, times(T(R(factor.power)), power(factor_of(factor, point), factor.power - 1)),
                           factor.dilation);
        for (int p = 0; p <= factor.degree; ++p) {
            T sum = zero<T>();
            for (int i = 0; i < rest.size; ++i) sum += rest.c[i] * residual[i + p * factor.dilation];
            gradient[factor.at + p] = sum;
        }
        after = product(after, powers[f], factor.dilation);
    }
    gradient[0] = zero<T>();
    for (int i = 0; i < K; ++i) gradient[0] += after.c[i] * residual[i];
    return filter;
}

// H and the diagonal of JᴴΣJ at a point, in local coordinates (n).
template <class T>
inline void hessian(const Stratum& stratum, const T* point, const Bases<T>& bases, const Data& data, T* matrix,
                    double* curvatures) {
    const int K = stratum.filter_size, n = stratum.dimension, r = stratum.count;
    Form<T> powers[most_factors], slopes[most_factors];
    for (int f = 0; f < r; ++f) {
        const Factor& factor = stratum.factors[f];
        const Form<T> q = factor_of(factor, point);
        powers[f] = power(q, factor.power);
        slopes[f] = times(T(factor.power), power(q, factor.power - 1));
    }
    const auto rest_of = [&](int left, int right) {  // the product of all factors, but slopes of one or two of them
        Form<T> result(point[0]);
        for (int f = 0; f < r; ++f)
            result = product(result, f == left || f == right ? slopes[f] : powers[f], stratum.factors[f].dilation);
        return result;
    };
    T columns[most_rows * most_coefficients], image[most_rows * most_coefficients], residual[most_coefficients];
    std::fill(columns, columns + n * K, zero<T>());
    const Form<T> filter = rest_of(-1, -1);
    std::copy(filter.c, filter.c + K, columns);
    for (int f = 0, column = 1; f < r; ++f) {
        const Factor& factor = stratum.factors[f];
        const Form<T> rest = rest_of(f, -1);
        for (int j = 0; j < factor.degree; ++j, ++column)
            for (int p = 0; p <= factor.degree; ++p)
                for (int i = 0; i < rest.size; ++i)
                    columns[column * K + i + p * factor.dilation] += bases.of[f][p * factor.degree + j] * rest.c[i];
    }
    for (int c = 0; c < n; ++c)
        for (int i = 0; i < K; ++i) {
            T sum = zero<T>();
            for (int j = 0; j < K; ++j) sum += data.gram[i * K + j] * columns[c * K + j];
            image[c * K + i] = sum;
        }
    for (int i = 0; i < K; ++i) residual[i] = image[i] - T(data.b[i]);
    for (int a = 0; a < n; ++a)
        for (int c = a; c < n; ++c) {
            T sum = zero<T>();
            for (int i = 0; i < K; ++i) sum += columns[a * K + i] * image[c * K + i];
            matrix[a * n + c] = matrix[c * n + a] = sum;
        }
    for (int a = 0; a < n; ++a) {
        T sum = zero<T>();
        for (int i = 0; i < K; ++i) sum += conj(columns[a * K + i]) * image[a * K + i];
        curvatures[a] = size_of(sum);
    }
    for (int f = 0, row = 1; f < r; row += stratum.factors[f].degree, ++f) {
        const Factor& left = stratum.factors[f];
        if (f != stratum.free)
            for (int j = 0; j < left.degree; ++j) {
                T sum = zero<T>();
                for (int i = 0; i < K; ++i) sum += columns[(row + j) * K + i] * residual[i];
                matrix[row + j] += sum, matrix[(row + j) * n] += sum;
            }
        for (int g = f, start = row; g < r; start += stratum.factors[g].degree, ++g) {
            const Factor& right = stratum.factors[g];
            if (g == f && left.power < 2) continue;
            Form<T> rest(point[0]);
            for (int h = 0; h < r; ++h) {
                if (h == f && h == g) {
                    const T number = T(left.power * (left.power - 1));
                    const Form<T> second = times(number, power(factor_of(left, point), left.power - 2));
                    rest = product(rest, second, left.dilation);
                } else
                    rest = product(rest, h == f || h == g ? slopes[h] : powers[h], stratum.factors[h].dilation);
            }
            for (int p = 0; p <= left.degree; ++p)
                for (int q = 0; q <= right.degree; ++q) {
                    T sum = zero<T>();
                    const int shift = p * left.dilation + q * right.dilation;
                    for (int i = 0; i < rest.size; ++i) sum += rest.c[i] * residual[i + shift];
                    for (int a = 0; a < left.degree; ++a)
                        for (int c = 0; c < right.degree; ++c) {
                            const T term =
                                bases.of[f][p * left.degree + a] * sum * bases.of[g][q * right.degree + c];
                            matrix[(row + a) * n + start + c] += term;
                            if (g != f) matrix[(start + c) * n + row + a] += term;
                        }
                }
        }
    }
}

// The condition number of H as `refine` in Python tells it: by the entries of H alone if it is small, otherwise with
// the diagonal of JᴴΣJ. In the kernel the scalar is multiplied into the free factor, along which H is smaller then.
template <class T>
inline double condition_of(const Stratum& stratum, const T& scalar, const T* matrix, const double* curvatures) {
    constexpr double trusted = 1e4;  // as in refiner.hpp
    const int n = stratum.dimension;
    T turned[most_rows * most_rows], copy[most_rows * most_rows];
    double scale[most_rows];
    turned[0] = matrix[0];
    scale[0] = 1 / size_of(scalar);
    for (int f = 0, row = 1; f < stratum.count; ++f)
        for (int j = 0; j < stratum.factors[f].degree; ++j) scale[row++] = f == stratum.free ? scale[0] : 1;
    scaled(matrix, scale, n, turned);
    symmetric_scale(turned, nullptr, n, scale);
    scaled(turned, scale, n, copy);
    const double found = condition_number(copy, n);
    const double spread = *std::max_element(scale, scale + n) / *std::min_element(scale, scale + n);
    if (found * spread * spread <= trusted) return found;
    symmetric_scale(matrix, curvatures, n, scale);
    scaled(matrix, scale, n, copy);
    return condition_number(copy, n);
}

// What Newton's method finds from a point, which it moves: the size of the last step, and the condition number.
struct Refined {
    double error, condition;
};

// The gradient is taken in extended precision, the matrix in doubles. T is Long, or Complex<Long>; D the same in
// doubles. The rules are those of `refine` in Python. H is left in ``matrix`` (n × n) and the scale of its rows in
// ``scale`` (n). With ``near`` the point is known to many digits, and its condition number is not asked for.
template <class T, class D>
inline Refined refine(const Stratum& stratum, const Data& data, const Tolerances& tolerances, int steps, T* point,
                      D* matrix, double* scale, bool near = false) {
    const int n = stratum.dimension;
    const double infinity = std::numeric_limits<double>::infinity();
    D rounded[most_coordinates], work[most_rows * most_rows], newton[most_rows];
    double curvatures[most_rows];
    T gradient[most_coordinates];
    Refined result{infinity, infinity};
    for (int i = 0; i < stratum.coordinates; ++i) rounded[i] = D(point[i]);
    Bases<D> bases(stratum, rounded);
    for (int step = 0; step < steps; ++step) {
        if (step == 0 || !(result.error * result.condition < tolerances.reused_matrix)) {
            if (step > 0) {
                for (int i = 0; i < stratum.coordinates; ++i) rounded[i] = D(point[i]);
                bases.lay(stratum, rounded);
            }
            hessian(stratum, rounded, bases, data, matrix, curvatures);
            if (step == 0) result.condition = near ? 1 : condition_of(stratum, rounded[0], matrix, curvatures);
            symmetric_scale(matrix, curvatures, n, scale);
        }
        half_gradient(stratum, point, data, gradient);
        newton[0] = D(point[0] * gradient[0]);
        for (int f = 0, row = 1; f < stratum.count; ++f) {
            const Factor& factor = stratum.factors[f];
            for (int j = 0; j < factor.degree; ++j, ++row) {
                T sum = zero<T>();
                for (int p = 0; p <= factor.degree; ++p)
                    sum += T(bases.of[f][p * factor.degree + j]) * gradient[factor.at + p];
                newton[row] = D(sum);
            }
        }
        for (int i = 0; i < n; ++i) newton[i] = -scale[i] * newton[i];
        scaled(matrix, scale, n, work);
        if (!solve(work, newton, n)) break;
        for (int i = 0; i < n; ++i) newton[i] = scale[i] * newton[i];
        const double size = std::sqrt(square_norm(newton, n));
        if (!(size < std::max(0.5 * result.error, 1e-300))) break;
        for (int f = 0, row = 1; f < stratum.count; row += stratum.factors[f].degree, ++f) {
            const Factor& factor = stratum.factors[f];
            for (int p = 0; p <= factor.degree; ++p) {
                D move = zero<D>();
                for (int j = 0; j < factor.degree; ++j) move += bases.of[f][p * factor.degree + j] * newton[row + j];
                if (f == stratum.free) move += rounded[factor.at + p] * newton[0];
                point[factor.at + p] += T(move);
            }
        }
        if (stratum.free < 0) point[0] += T(rounded[0] * newton[0]);
        result.error = size;
        if (size < tolerances.small_step && size * result.condition < tolerances.reused_matrix) break;
    }
    return result;
}

}  // namespace plain
}  // namespace homotopy_lcn
