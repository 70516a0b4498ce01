"""Exact products: the same bits for a row, whoever else is in the batch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pretrained.batch_invariant import EXACT, LEVELS, BatchInvariantLinear, fake_quantize, sigmoid


def layer(rows: int, columns: int, seed: int = 0) -> tuple[BatchInvariantLinear, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator) * 0.3
    return BatchInvariantLinear(weight, torch.randn(rows, generator=generator)), weight


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 300),
    columns=st.integers(1, 700),
    batch=st.integers(2, 70),
    seed=st.integers(0, 1000),
)
def test_a_row_has_the_same_bits_in_every_batch(rows, columns, batch, seed):
    linear, _ = layer(rows, columns, seed)
    x = torch.rand(batch, columns, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    together = linear(x)
    for n in (0, batch // 2, batch - 1):
        assert torch.equal(linear(x[n : n + 1])[0], together[n])
    assert torch.equal(linear(x.flip(0)).flip(0), together)


def test_it_is_close_to_the_product_that_it_stands_for():
    linear, weight = layer(200, 512)
    x = torch.rand(32, 512) * 2 - 1
    true = x.double() @ weight.double().T + linear.bias.double()
    error = (linear(x).double() - true).abs().max()
    # 10 bits of weight, 15 bits of input: far below what a gate can feel.
    assert error < 2e-3 * true.abs().max()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_no_sum_can_leave_the_whole_numbers_that_float32_holds(sign):
    linear, _ = layer(50, 900)
    worst = linear.weight.double().abs().sum(1).max() * 128
    assert worst < EXACT
    x = torch.full((1, 900), sign)
    exact = (linear.weight.double() @ x[0].double()) * LEVELS
    got = (linear(x)[0] - linear.bias).double() / linear.scale.double()
    assert torch.allclose(got, exact, rtol=1e-6)


def test_a_matrix_of_zeros_gives_the_bias():
    linear = BatchInvariantLinear(torch.zeros(3, 4), torch.tensor([1.0, 2.0, 3.0]))
    assert linear(torch.ones(2, 4)).tolist() == [[1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize("function", [sigmoid, torch.tanh, fake_quantize], ids=lambda f: f.__name__)
def test_elementwise_functions_do_not_care_for_the_place(function):
    x = torch.randn(5_003, generator=torch.Generator().manual_seed(0)) * 4
    together = function(x)
    for n in (0, 1, 17, 5_000, 5_002):
        assert torch.equal(function(x[n : n + 1]), together[n : n + 1])
    assert torch.equal(function(x[7:]), together[7:])
