import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.errors import ModelError
from tokext.model import spread
from tokext.model.spread import covariance_factor, draw_normal, measure_spread, normal


def correlated(rows: int = 3000, dim: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    mix = torch.randn(dim, dim, generator=generator)
    return torch.randn(rows, dim, generator=generator) @ mix + torch.arange(dim)


@given(st.integers(1, 400))
@settings(max_examples=15)
def test_the_spread_does_not_depend_on_how_rows_are_cut_into_blocks(step):
    rows = correlated(400)
    whole, cut = measure_spread(lambda: [rows]), measure_spread(lambda: rows.split(step))
    torch.testing.assert_close(cut.mean, whole.mean)
    assert (cut.nearest, cut.n_trained) == (whole.nearest, whole.n_trained)
    assert cut.median_norm == pytest.approx(whole.median_norm)


class OnDeviceWithoutFloat64(torch.Tensor):
    """A tensor that says it is on MPS, and refuses float64 as MPS does."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function == torch.Tensor.device.__get__:
            return torch.device("mps")
        if function is torch.Tensor.cpu:
            with torch._C.DisableTorchFunctionSubclass():
                return args[0].as_subclass(torch.Tensor)
        if any(value is torch.float64 for value in (*args, *(kwargs or {}).values())):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return super().__torch_function__(function, types, args, kwargs or {})


def test_sums_are_made_elsewhere_for_a_device_without_float64():
    rows = correlated(50)
    there = rows.as_subclass(OnDeviceWithoutFloat64)
    with pytest.raises(TypeError, match="float64"):
        there.sum(0, dtype=torch.float64)
    assert torch.equal(spread.exact_sum(there), spread.exact_sum(rows))


def test_zero_rows_do_not_count():
    rows = correlated(300)
    padded = torch.cat([rows, torch.zeros(100, 12)])
    torch.testing.assert_close(
        measure_spread(lambda: [padded]).mean, measure_spread(lambda: [rows]).mean
    )
    assert measure_spread(lambda: [padded]).n_trained == 300


@pytest.mark.parametrize("block", [5, 12, 1024])
def test_the_factor_squares_to_the_covariance(block, monkeypatch):
    monkeypatch.setattr(spread, "_FACTOR_BLOCK", block)
    rows = correlated()
    factor = covariance_factor(lambda: rows.split(700), measure_spread(lambda: [rows]))
    torch.testing.assert_close(factor @ factor.T, torch.cov(rows.T), rtol=1e-3, atol=1e-3)
    assert not factor.triu(1).any()


@pytest.mark.parametrize("block", [5, 1024])
def test_a_singular_covariance_is_factored_all_the_same(block, monkeypatch):
    monkeypatch.setattr(spread, "_FACTOR_BLOCK", block)
    rows = correlated(9, 12) * 1e-3
    factor = covariance_factor(lambda: [rows], measure_spread(lambda: [rows]))
    true = torch.cov(rows.T)
    torch.testing.assert_close(factor @ factor.T, true, rtol=0, atol=float(true.max()) * 1e-3)


def test_drawn_rows_have_the_true_mean_and_covariance():
    rows, drawn = correlated(), normal(correlated(), 40_000)
    scale = float(torch.cov(rows.T).diagonal().max())
    torch.testing.assert_close(drawn.mean(0), rows.mean(0), rtol=0, atol=0.03 * scale**0.5)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(rows.T), rtol=0, atol=0.05 * scale)


@given(st.integers(0, 3000), st.integers(0, 3000))
@settings(max_examples=20)
def test_a_range_of_draws_is_the_same_however_it_is_asked_for(one, other):
    start, stop = sorted((one, other))
    rows = correlated(200)
    found = measure_spread(lambda: [rows])
    factor = covariance_factor(lambda: [rows], found)
    whole = draw_normal(found, factor, 0, 3000, seed=5)
    torch.testing.assert_close(draw_normal(found, factor, start, stop, seed=5), whole[start:stop])


def test_another_seed_draws_other_rows():
    assert not torch.equal(normal(correlated(), 5, seed=1), normal(correlated(), 5, seed=2))


def test_rows_that_are_all_alike_draw_their_mean():
    rows = torch.full((4, 3), 2.0)
    assert torch.equal(normal(rows, 2), rows[:2])


def test_a_matrix_of_zeros_is_refused():
    with pytest.raises(ModelError, match="every row of the embedding matrix is zero"):
        measure_spread(lambda: [torch.zeros(4, 2)])


def test_a_matrix_with_nan_is_refused():
    rows = correlated(50)
    rows[3, 3] = torch.nan
    with pytest.raises(ModelError, match="holds no number"):
        normal(rows, 2)
