/*
 * matrix.c - dense row-major matrices: allocate, multiply, solve.
 *
 * Build:  cc -std=c11 -O2 -Wall -Wextra -o matrix matrix.c -lm
 */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(m, r, c)   ((m)->v[(size_t)(r) * (m)->cols + (c)])
#define SWAP(T, a, b) do { T tmp_ = (a); (a) = (b); (b) = tmp_; } while (0)
#define BLOCK         48	/* three tiles fit in a 64K L1 */

typedef struct matrix {
	size_t  rows, cols;
	double *v;
} matrix;

/* ------------------------------------------------------------------ */
/* Life cycle                                                         */
/* ------------------------------------------------------------------ */

static matrix *mat_new(size_t rows, size_t cols)
{
	matrix *m = malloc(sizeof *m);

	if (!m)
		return NULL;
	m->rows = rows;
	m->cols = cols;
	m->v = calloc(rows * cols, sizeof *m->v);
	if (!m->v) {
		free(m);
		return NULL;
	}
	return m;
}

static void mat_free(matrix *m)
{
	if (m) {
		free(m->v);
		free(m);
	}
}

/* ------------------------------------------------------------------ */
/* c += a * b, blocked over i and k                                   */
/* ------------------------------------------------------------------ */

static void mat_mul(const matrix *a, const matrix *b, matrix *c)
{
	assert(a->cols == b->rows && c->rows == a->rows && c->cols == b->cols);

	for (size_t ii = 0; ii < a->rows; ii += BLOCK)
		for (size_t kk = 0; kk < a->cols; kk += BLOCK)
			for (size_t i = ii; i < ii + BLOCK && i < a->rows; ++i)
				for (size_t k = kk; k < kk + BLOCK && k < a->cols; ++k) {
					const double f = AT(a, i, k);

					for (size_t j = 0; j < b->cols; ++j)
						AT(c, i, j) += f * AT(b, k, j);
				}
}

/* Solve a x = y in place (x replaces y). Returns -1 if a is singular. */
static int mat_solve(matrix *a, double *y)
{
	const size_t n = a->rows;

	for (size_t p = 0; p < n; ++p) {
		size_t best = p;

		for (size_t r = p + 1; r < n; ++r)	/* partial pivoting */
			if (fabs(AT(a, r, p)) > fabs(AT(a, best, p)))
				best = r;
		if (fabs(AT(a, best, p)) < 1e-12)
			return -1;
		for (size_t c = p; best != p && c < n; ++c)
			SWAP(double, AT(a, p, c), AT(a, best, c));
		SWAP(double, y[p], y[best]);
		for (size_t r = p + 1; r < n; ++r) {
			double f = AT(a, r, p) / AT(a, p, p);

			for (size_t c = p; c < n; ++c)
				AT(a, r, c) -= f * AT(a, p, c);
			y[r] -= f * y[p];
		}
	}
	for (size_t p = n; p-- > 0; ) {
		for (size_t c = p + 1; c < n; ++c)
			y[p] -= AT(a, p, c) * y[c];
		y[p] /= AT(a, p, p);
	}
	return 0;
}

int main(void)
{
	matrix *a = mat_new(2, 2), *sq = mat_new(2, 2);
	double y[] = { 5.0, -0x1p-1 };

	if (!a || !sq)
		return EXIT_FAILURE;
	memcpy(a->v, (double[]){ 2, 1, 1, 3 }, 4 * sizeof(double));
	mat_mul(a, a, sq);
	if (mat_solve(a, y) == 0)
		printf("x = (%.3f, %.3f)\ttrace(a\u00B2) = %g\n",
		       y[0], y[1], AT(sq, 0, 0) + AT(sq, 1, 1));
	mat_free(a);
	mat_free(sq);
	return EXIT_SUCCESS;
}
