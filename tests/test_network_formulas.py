# SPDX-License-Identifier: BSD-3-Clause
"""Layers, poolings and networks: values by hand, derivatives, and exact symmetry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from sksymsim._networks.layers import ACTIVATIONS, CrossLayer, ReadOut, SharedLayer
from sksymsim._networks.network import PairNetwork, constants_of, weights_of
from sksymsim._networks.poolings import POOLINGS

N_PAIRS = 7


def random_arrays(step, rng):
    return [rng.normal(size=shape) for shape in step.shapes]


def steps_on_two_sides():
    """Yield each layer with each activation, and each pooling, for four features."""
    for name, activation in ACTIVATIONS.items():
        for kind in (CrossLayer, SharedLayer):
            yield pytest.param(kind(4, 3, activation), id=f"{kind.__name__}-{name}")
    for name, kind in POOLINGS.items():
        yield pytest.param(kind(4), id=name)


def numerical(function, array, h=1e-6):
    """Return the derivative of a number by each entry of an array, which it reads."""
    slope = np.empty_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        ends = []
        for moved in (kept + h, kept - h):
            array[place] = moved
            ends.append(function())
        array[place] = kept
        slope[place] = (ends[0] - ends[1]) / (2 * h)
    return slope


def check_derivatives(step, rng, *rows):
    arrays = random_arrays(step, rng)
    results, saved = step.forward(arrays, *rows)
    flows = [rng.normal(size=result.shape) for result in results]

    def value():
        pairs = zip(step.forward(arrays, *rows)[0], flows, strict=True)
        return sum(float(np.vdot(result, flow)) for result, flow in pairs)

    # Whatever stood there before is not added to.
    gradients = [np.full(shape, 7.0) for shape in step.shapes]
    passed = [flow.copy() for flow in flows]
    by_rows = step.backward(arrays, gradients, saved, *passed, wanted=True)
    for array, gradient in zip([*arrays, *rows], [*gradients, *by_rows], strict=True):
        np.testing.assert_allclose(
            gradient, numerical(value, array), rtol=1e-6, atol=1e-7
        )


@pytest.mark.parametrize("step", steps_on_two_sides())
def test_derivatives_of_steps_on_two_sides(step, rng):
    check_derivatives(step, rng, *rng.normal(size=(2, N_PAIRS, 4)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_derivatives_of_steps_on_one_array(activation, rng):
    check_derivatives(
        SharedLayer(4, 3, ACTIVATIONS[activation]), rng, rng.normal(size=(N_PAIRS, 4))
    )


def test_derivatives_of_the_last_layer(rng):
    check_derivatives(ReadOut(4), rng, rng.normal(size=(N_PAIRS, 4)))


@pytest.mark.parametrize("step", steps_on_two_sides())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exchanging_the_sides_exchanges_the_results(step, dtype, rng):
    """Bit for bit: two towers change places, and a pooling stays what it is."""
    arrays = [array.astype(dtype) for array in random_arrays(step, rng)]
    a, b = rng.normal(size=(2, 50, 4)).astype(dtype)
    b[3] = a[3]
    forth, back = step.forward(arrays, a, b)[0], step.forward(arrays, b, a)[0]
    assert forth[0].dtype == dtype
    for one, other in zip(forth, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)


# ---------------------------------------------------------------------- values by hand


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    z = np.linspace(-3, 3, 7)
    expected = {
        "relu": np.where(z > 0, z, 0),
        "tanh": np.tanh(z),
        "identity": z,
        "logistic": 1 / (1 + np.exp(-z)),
    }
    np.testing.assert_allclose(ACTIVATIONS[name].apply(z.copy()), expected[name])


def test_cross_layer_is_mirrored(rng):
    """Four products, as the formula has them, equal the two of sum and difference."""
    layer = CrossLayer(4, 3, ACTIVATIONS["tanh"])
    A, B, c = arrays = random_arrays(layer, rng)
    a, b = rng.normal(size=(2, N_PAIRS, 4))
    left, right = layer.forward(arrays, a, b)[0]
    np.testing.assert_allclose(left, np.tanh(a @ A + b @ B + c))
    np.testing.assert_allclose(right, np.tanh(b @ A + a @ B + c))


def test_shared_layer_is_a_cross_layer_without_cross_weights(rng):
    A, c = rng.normal(size=(4, 3)), rng.normal(size=3)
    sides = rng.normal(size=(2, N_PAIRS, 4))
    shared = SharedLayer(4, 3, ACTIVATIONS["relu"]).forward([A, c], *sides)[0]
    cross = CrossLayer(4, 3, ACTIVATIONS["relu"])
    cross = cross.forward([A, np.zeros_like(A), c], *sides)[0]
    np.testing.assert_allclose(shared, cross, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("distance", [3.0, 3.0]),
        ("product", [-2.0, 10.0]),
        ("sum", [1.0, 7.0]),
        ("mean_max", [0.5, 3.5, 2.0, 5.0]),
    ],
)
def test_poolings_without_parameters(name, expected):
    a, b = np.array([[2.0, 5.0]]), np.array([[-1.0, 2.0]])
    (pooled,), _ = POOLINGS[name](2).forward([], a, b)
    assert pooled.tolist() == [expected]
    assert POOLINGS[name](2).width == len(expected)


def attention_oracle(arrays, a, b):
    """A set transformer of one head on {a, b}, written for any set."""
    query, key, value, layer, constant, seed = arrays
    X = np.array([a, b])
    scores = (X @ query) @ (X @ key).T / np.sqrt(len(a))
    mixed = X + softmax(scores, axis=1) @ (X @ value)
    out = mixed + np.maximum(mixed @ layer + constant, 0)
    return softmax(out @ seed[:, 0]) @ out


def test_attention_is_that_of_a_set_of_two(rng):
    pooling = POOLINGS["attention"](4)
    arrays = random_arrays(pooling, rng)
    a, b = rng.normal(size=(2, N_PAIRS, 4))
    (pooled,), _ = pooling.forward(arrays, a, b)
    expected = [attention_oracle(arrays, *pair) for pair in zip(a, b, strict=True)]
    np.testing.assert_allclose(pooled, expected)


# ---------------------------------------------------------------------------- networks


def networks():
    """Yield a network for each pooling, with and without cross weights."""
    for pooling in POOLINGS:
        for cross in (False, True):
            yield PairNetwork(4, (5, 3), cross, pooling, (4,), "tanh")
    yield PairNetwork(4, (), False, "product", (), "relu")


@pytest.mark.parametrize("network", networks(), ids=lambda n: str(n.architecture))
def test_gradient_of_a_network(network, rng):
    theta = rng.normal(size=network.start(np.random.RandomState(0)).size)
    a, b = rng.normal(size=(2, N_PAIRS, 4))
    similarity, flow = rng.normal(size=(2, N_PAIRS))
    views = network.split(theta)
    gradient = np.full_like(theta, np.nan)
    saved = network.forward(views, a, b, similarity)[1]
    network.backward(views, network.split(gradient), saved, flow, similarity)
    expected = numerical(
        lambda: float(network.forward(views, a, b, similarity)[0] @ flow), theta
    )
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("network", networks(), ids=lambda n: str(n.architecture))
def test_a_network_begins_at_what_is_added_to_it(network, rng):
    theta = network.start(np.random.RandomState(0))
    theta[-2:] = 0.5, 2.0
    similarity = rng.normal(size=N_PAIRS)
    a, b = rng.normal(size=(2, N_PAIRS, 4))
    scores, _ = network.forward(network.split(theta), a, b, similarity)
    np.testing.assert_array_equal(scores, 2 * similarity + 0.5)
    assert len(np.unique(theta)) > 10 or not network.tower


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([1e-3, 1.0, 1e3]),
    number=st.integers(0, len(list(networks())) - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
    n_pairs=st.integers(1, 9),
)
def test_any_weights_are_exactly_symmetric(seed, size, number, dtype, n_pairs):
    rng = np.random.default_rng(seed)
    network = list(networks())[number]
    n_parameters = network.start(np.random.RandomState(0)).size
    theta = (size * rng.normal(size=n_parameters)).astype(dtype)
    a, b = rng.normal(size=(2, n_pairs, 4)).astype(dtype)
    views, similarity = network.split(theta), np.zeros(n_pairs, dtype)
    forth, _ = network.forward(views, a, b, similarity)
    back, _ = network.forward(views, b, a, similarity)
    assert forth.dtype == dtype
    assert (forth == back).all()
    # Any single pair may be turned, too, and all others stay.
    turned = rng.integers(2, size=(n_pairs, 1)).astype(bool)
    mixed, _ = network.forward(
        views, np.where(turned, b, a), np.where(turned, a, b), similarity
    )
    assert (forth == mixed).all()


def test_parameters_are_cut_into_weights_and_constants():
    network = PairNetwork(4, (5, 3), True, "attention", (2,), "relu")
    theta = np.arange(float(network.start(np.random.RandomState(0)).size))
    views = network.split(theta)
    shapes = [array.shape for array in weights_of(views)]
    tower, attention = [(4, 5), (4, 5), (5, 3), (5, 3)], [*([(3, 3)] * 4), (3, 1)]
    assert shapes == [*tower, *attention, (3, 2), (2, 1)]
    assert [array.shape for array in constants_of(views)] == [(5,), (3,), (3,), (2,)]
    sizes = sum(array.size for array in [*weights_of(views), *constants_of(views)])
    assert sizes + 2 == theta.size
    assert views[-1].tolist() == theta[-2:].tolist()
    views[0][0][0, 0] = -1
    assert theta[0] == -1


def test_first_weights_have_the_variance_of_glorot():
    rng = np.random.RandomState(0)
    A, B, c = CrossLayer(60, 40, ACTIVATIONS["relu"]).start(rng)
    assert not c.any()
    for weights in (A, B):
        np.testing.assert_allclose(weights.var(), 2 / (2 * 60 + 40), rtol=0.05)
    A, _ = SharedLayer(60, 40, ACTIVATIONS["logistic"]).start(rng)
    np.testing.assert_allclose(A.var(), 2 / 3 / (60 + 40), rtol=0.05)
